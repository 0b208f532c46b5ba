// Package faulttest is the fault suite: two real nodes on a Redis and a PostgreSQL
// of their own work off thousands of tasks while processes are killed, stopped
// and frozen in turn. Then every accepted task must have one recorded outcome, and
// the rules of core/invariant must hold.
//
// It is a test with the build tag "faults", which `make test-faults` sets; a plain
// `go test ./...` does not run it. It prints the seed that it draws from;
// FAULTS_SEED repeats a run (as far as the processes' timing allows). FAULTS_TASKS
// (20000) and FAULTS_ROUNDS (1) make it longer, FAULTS_ONLY names the faults to
// inject, separated by commas, and FAULTS_KEEP=1 keeps the nodes' logs.
package faulttest
