// Package postgres keeps everything in PostgreSQL: the store for production,
// shared by all nodes.
//
// It owns the schema, the pools, the partitions and every statement. Statements
// are files in queries/, each with a header that says what it takes and gives.
//
// Writing comes in groups: one statement, one round trip, one commit. What a
// caller asked for and what was found in the row meet in the statement itself
// (status, attempt, deadline), so that no other writer can come in between, and
// the event of a change is written by the statement that makes the change.
// Groups lock in the order of ids, or of keys, and so never block each other in
// a circle; claims pass over what is locked. Only the database's clock counts.
//
// Tasks that live are in one flat table. The ended ones and the audit log are
// partitioned by day of their ids. Partitions are made ahead (Maintain, Open);
// a write that finds none makes it and is repeated.
//
// It never decides what should happen to a task, never retries but for a missing
// partition, and never logs what it returns as an error.
package postgres
