// Package sqlite keeps everything in one SQLite file: the embedded store, for
// one engine on one machine.
//
// It owns the file, the lock beside it, the schema and every statement. One
// process has the file open at a time (a lock on PATH.lock refuses the second),
// so the clock of this process is the clock of the store.
//
// All writing goes through one connection. A write takes the database's write
// lock first (BEGIN IMMEDIATE), reads the clock once, runs prepared single-row
// statements and commits with an fsync: what a method reported as done survives
// a crash of the machine. Since nothing else can write in between, a check and
// the change that it guards need only share the transaction. Reading uses a
// pool of connections, each of which sees the newest commit.
//
// It never decides what should happen to a task, never retries and never logs
// what it returns as an error.
package sqlite
