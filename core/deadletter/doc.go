// Package deadletter owns what happens to a task after it was given up: people
// look at dead letters, retry or remove them, one or all of a filter; the engine
// retries them by itself where it was told to, and evicts what is too old or too
// many, after it was archived.
//
// A dead letter is the task's own row; there is no copy that could diverge.
// Every change is fenced by its status, its attempt and its number of redrives,
// and is written with its event in one transaction, so that any number of nodes
// may do the same work at once.
//
// It never decides that a task is given up (dispatch and recovery do) and never
// runs one: what is redriven goes back to the queue.
package deadletter
