package testenv

import (
	"os"
	"testing"
)

// The environment variables that name the servers for tests.
const (
	// RedisVar holds a URL as go-redis reads it: redis://[:password@]host:port/number.
	RedisVar = "HEADRACE_TEST_REDIS_URL"
	// DatabaseVar holds the URL of a PostgreSQL database whose user may create databases.
	DatabaseVar = "HEADRACE_TEST_DATABASE_URL"
)

// require returns the value of an environment variable and fails the test when there is none.
func require(tb testing.TB, name string) string {
	tb.Helper()
	value := os.Getenv(name)
	if value == "" {
		tb.Fatalf("%s is not set and this test needs the server it names: run `make test`, "+
			"or `go run ./core/testenv/withservices -- go test ./...`, or set it yourself", name)
	}
	return value
}
