package app_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/headrace/headrace/sdk"
	"github.com/headrace/headrace/sdk/fault"
)

// litter is a payload that says which file to make, and whether to fail then.
type litter struct {
	Path string `json:"path"`
	Fail bool   `json:"fail,omitempty"`
}

// tidy is a plugin whose one type makes a file and, when it does not succeed,
// writes over it why.
func tidy() sdk.Plugin {
	hold := func(ctx context.Context, in litter) (struct{}, error) {
		if err := os.WriteFile(in.Path, []byte("half"), 0o600); err != nil {
			return struct{}{}, err
		}
		if in.Fail {
			return struct{}{}, fault.New(fault.NotFound, "nothing to hold")
		}
		<-ctx.Done()
		return struct{}{}, context.Cause(ctx)
	}
	clean := func(ctx context.Context, in litter, cause error) error {
		why := "failed"
		switch {
		case ctx.Err() != nil:
			why = "too late"
		case errors.Is(cause, sdk.ErrCancelled):
			why = "cancelled"
		case errors.Is(cause, sdk.ErrTimeout):
			why = "timed out"
		}
		return os.WriteFile(in.Path, []byte(why), 0o600)
	}
	return sdk.Plugin{Name: "tidy", Version: "1.0", Tasks: []sdk.TaskType{sdk.Task("tidy.hold", hold, sdk.WithCleanup(clean))}}
}

// holders are two types of the plugin: one that may hold for long, one that may not.
const holders = `
task "tidy.hold" {
  on_failure = "fail"
}
task "tidy.short" {
  plugin     = "tidy"
  runs       = "tidy.hold"
  timeout    = "100ms"
  on_failure = "fail"
  retry {
    max = 0
  }
}
`

// says reads what stands in a file.
func says(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

func TestCleanUpRunsInThePluginAfterEveryUnhappyEnd(t *testing.T) {
	t.Parallel()
	r := node(t, sqliteFile(t.TempDir())+holders)
	file := func() string { return filepath.Join(t.TempDir(), "litter") }

	failing := file()
	r.wait(r.submit(fmt.Sprintf(`{"type":"tidy.hold","payload":{"path":%q,"fail":true}}`, failing)), "failed")
	slow := file()
	r.wait(r.submit(fmt.Sprintf(`{"type":"tidy.short","payload":{"path":%q}}`, slow)), "failed")
	held := file()
	id := r.submit(fmt.Sprintf(`{"type":"tidy.hold","payload":{"path":%q}}`, held))
	until(t, "the task has made its file", func() bool { return says(t, held) == "half" })
	for range 2 { // a second request changes nothing
		if status, answer := r.call("DELETE", "/api/tasks/"+id, ""); status != http.StatusAccepted && status != http.StatusOK {
			t.Fatalf("%d %v", status, answer)
		}
	}
	r.wait(id, "cancelled")
	for path, want := range map[string]string{failing: "failed", slow: "timed out", held: "cancelled"} {
		if got := says(t, path); got != want {
			t.Errorf("the clean-up left %q, want %q", got, want)
		}
	}
}
