// Package queue keeps, per task type, the ids that are worth trying next, in
// the order of their priorities: a bounded window over what waits in the store.
//
// An id in the queue gives no right to run its task; only the store's claim
// does. So an id that is there twice, or for nothing, is harmless, and one that
// is missing is found again by the reconciler. The scripts are beside this file
// in lua; each says its keys, arguments and answer.
package queue
