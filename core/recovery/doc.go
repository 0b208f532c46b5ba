// Package recovery puts right what a crash, a loss or the passing of time has
// left: it fills the queue's windows from the store, moves tasks that have
// become due, ends tasks past their deadline, and releases the work of dead
// nodes.
//
// Every part is a loop that any number of nodes may run at once: whatever it
// changes is guarded in the statement that changes it.
package recovery
