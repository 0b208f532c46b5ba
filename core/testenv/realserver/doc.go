// Package realserver starts servers of Redis and PostgreSQL that belong to one
// test, which may kill them, stop them and start them again on the same port and
// the same data.
//
// It owns the processes, their folders and their passwords; all of it is gone
// after the test. It needs the servers' programs on the machine, and fails the
// test where they are missing. Tests that leave the server alone take the shared
// one of package testenv: that costs nothing.
package realserver
