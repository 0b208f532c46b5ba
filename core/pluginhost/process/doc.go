// Package process owns one operating-system process of a plugin: its start, its
// pipes, its process group, its socket folder, and its certain end. It also holds
// the guard, the second process that ends all plugins when the engine dies.
//
// It is a runner of go-plugin because go-plugin's own one blocks on a stopped
// process and on a grandchild that keeps a pipe open. Three rules make the
// difference:
//
//   - the pipes are ours and are closed shortly after the process has ended,
//     whoever else still holds them;
//   - the process leads a group of its own, and the group is killed while its
//     dead leader is not yet reaped, so that the number cannot belong to anybody
//     else;
//   - nothing here waits for the plugin's good will.
//
// There is no parent-death signal: the kernel would kill the leader before its
// children, and the lifeline (standard input) and the guard do better.
//
// The package never speaks the plugin's protocol, never restarts anything, and
// knows no tasks. It needs Linux: /proc, waitid and SO_PEERCRED.
package process
