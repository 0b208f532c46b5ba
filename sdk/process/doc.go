// Package process runs commands for a plugin so that none outlives its use: each
// command has a process group of its own, which ends as a whole, grandchildren
// included.
//
// A plugin may be killed at any time, and then nobody is left to end those groups.
// So a [Keeper] starts the plugin's own binary once more as a small process that
// holds the other end of a pipe and knows the groups: when the pipe closes, it
// kills them. Between the start of a command and its entry with the keeper lie a
// few microseconds that nothing covers.
//
// The package is for POSIX systems. It never waits for a process that has left its
// group by itself (a daemon).
package process
