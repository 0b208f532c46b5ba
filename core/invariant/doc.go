// Package invariant holds what must be true of the stored tasks and their events
// at any time, and checks it.
//
// It owns the list of the rules and the form of a report. The questions
// themselves are asked by the stores, since each speaks its own SQL. It changes
// nothing and repairs nothing: a broken rule is a bug or a damage that a person
// has to look at.
//
// A check reads one snapshot, so it may run beside working nodes. It reads whole
// tables: seconds for a million tasks.
//
// Retention removes old rows, and a rule about events can only be judged where
// both the task and its events are kept. So the rules about events leave out the
// tasks that are older than the oldest task.created event, and the events that
// are older than the oldest task.
package invariant
