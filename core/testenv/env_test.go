package testenv_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headrace/headrace/core/testenv"
)

// fatalTB stands in for a test: it keeps the message of Fatalf and ends the call by a panic.
type fatalTB struct {
	testing.TB
	message string
}

func (f *fatalTB) Helper() {}

func (f *fatalTB) Fatalf(format string, args ...any) {
	f.message = fmt.Sprintf(format, args...)
	panic(f)
}

// fatal runs use and returns the message of its Fatalf.
func fatal(t *testing.T, use func(testing.TB) string) (message string) {
	t.Helper()
	f := &fatalTB{TB: t}
	defer func() {
		if recover() == nil {
			t.Error("the test went on without a server")
		}
		message = f.message
	}()
	use(f)
	return ""
}

func TestWithoutAServerATestFailsAndSaysWhatToDo(t *testing.T) {
	t.Setenv(testenv.RedisVar, "")
	t.Setenv(testenv.DatabaseVar, "")
	for name, use := range map[string]func(testing.TB) string{
		testenv.RedisVar:    testenv.Redis,
		testenv.DatabaseVar: testenv.Postgres,
	} {
		message := fatal(t, use)
		if !containsAll(message, name, "make test") {
			t.Errorf("message %q should name %s and `make test`", message, name)
		}
	}
}

func containsAll(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
