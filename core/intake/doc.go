// Package intake takes tasks in: it checks them against their type, writes
// them in groups with their events, and tells the queue about them.
//
// Nobody is told "accepted" before the transaction is committed. The queue is
// told afterwards and only as a hint: when that fails, the reconciler finds
// the task in the store.
package intake
