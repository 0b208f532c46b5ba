// Package exectask is the built-in plugin with the task type exec.command: a
// program of the operator's choice as a task.
//
// A submitter chooses among the programs that the configuration lists, by name; he
// gives arguments and standard input. There is no shell, the environment has PATH
// alone, the working directory is the root. The program runs in a process group of
// its own that ends with the task, with its time, and with the plugin, however the
// plugin ends. Of each output the first part is kept, up to a limit, and the rest is
// read and dropped; the result says so.
package exectask
