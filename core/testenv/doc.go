// Package testenv gives tests a real Redis and a real PostgreSQL.
//
// It owns the two environment variables that name the servers, the databases that it creates for
// single tests, and the key prefixes that it hands out; all of that is gone after the test. It never
// starts a server (that is the command withservices, which `make test` uses) and never skips a
// test: a missing server is a failure that says what to do.
package testenv
