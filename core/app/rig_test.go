package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/core/app"
	"github.com/headrace/headrace/core/catalog"
	"github.com/headrace/headrace/core/testenv"
	"github.com/headrace/headrace/plugins/task-demo/demo"
	"github.com/headrace/headrace/sdk"
)

const token = "a-token-for-tests-only"

// rig is one node that runs in this process.
type rig struct {
	t    *testing.T
	url  string
	stop func() error
}

// tasks is what every rig can do.
const tasks = `
task "demo.echo"  {}
task "demo.sleep" {
  timeout      = "20s"
  cancel_grace = "2s"
}
task "demo.fail" {
  retry {
    max     = 2
    initial = "10ms"
    cap     = "20ms"
  }
}
task "demo.strict" {
  plugin     = "demo"
  runs       = "demo.fail"
  on_failure = "fail"
}
task "demo.guarded" {
  plugin = "demo"
  runs   = "demo.fail"
  retry {
    max = 0
  }
  circuit_breaker {
    minimum  = 2
    open_for = "1h"
  }
}
task "demo.limited" {
  plugin = "demo"
  runs   = "demo.echo"
  rate_limit {
    per_second = 0.01
    burst      = 2
  }
}
task "demo.short" {
  plugin  = "demo"
  runs    = "demo.sleep"
  timeout = "100ms"
  retry {
    max = 0
  }
}
`

// sqliteFile configures an embedded node whose data survives in dir.
func sqliteFile(dir string) string {
	return fmt.Sprintf("storage \"sqlite\" {\n path = %q\n}\nredis {\n embedded = true\n}\n", filepath.Join(dir, "headrace.db"))
}

// realServers configures a node on PostgreSQL and Redis.
func realServers(t *testing.T, database string) string {
	return fmt.Sprintf("storage \"postgres\" {\n url = %q\n}\nredis {\n url = %q\n prefix = %q\n}\n",
		database, testenv.Redis(t), testenv.Prefix(t))
}

// file is the whole configuration of a test's node.
func file(source string) string {
	return "server {\n listen = \"127.0.0.1:0\"\n lease = \"3s\"\n shutdown_grace = \"8s\"\n}\n" + source + tasks
}

// open makes a node of a configuration, with its schema up to date.
func open(ctx context.Context, source, folder string, log hclog.Logger) (*app.App, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	described, err := sdk.Describe(demo.Plugin())
	if err != nil {
		return nil, err
	}
	tidies, err := sdk.Describe(tidy())
	if err != nil {
		return nil, err
	}
	programs, err := catalog.New(catalog.Config{Builtins: []sdk.Description{described, tidies}, Serve: []string{self, "plugin", "serve"}})
	if err != nil {
		return nil, err
	}
	cfg, diags := config.LoadSource("test.hcl", []byte(source), folder, config.Options{Schemas: programs, Builtins: []string{"demo", "tidy"}})
	if err := diags.Err(); err != nil {
		return nil, err
	}
	if err := app.Migrate(ctx, cfg.Storage); err != nil {
		return nil, err
	}
	return app.New(ctx, app.Options{
		Config: cfg, Programs: programs, Guard: []string{self, "plugin", "guard"},
		Version: "test", Token: token, Logger: log,
	})
}

// node starts a node; it stops at the end of the test unless that was done.
func node(t *testing.T, source string) *rig {
	t.Helper()
	return loggingNode(t, source, logger(t))
}

// loggingNode is node with a log of its own.
func loggingNode(t *testing.T, source string, log hclog.Logger) *rig {
	t.Helper()
	a, err := open(t.Context(), file(source), t.TempDir(), log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	stopped := false
	r := &rig{t: t, url: "http://" + a.Addr().String()}
	r.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(20 * time.Second):
			return fmt.Errorf("the node did not stop")
		}
	}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	ready, done := context.WithTimeout(t.Context(), 10*time.Second)
	defer done()
	if err := a.Ready(ready); err != nil {
		t.Fatal(err)
	}
	return r
}

// logger shows the engine's log when HEADRACE_TEST_LOG is set.
func logger(t *testing.T) hclog.Logger {
	t.Helper()
	if os.Getenv("HEADRACE_TEST_LOG") == "" {
		return hclog.NewNullLogger()
	}
	return hclog.New(&hclog.LoggerOptions{Output: os.Stderr, Level: hclog.Debug})
}

// call makes a request and returns the status and the decoded answer.
func (r *rig) call(method, path, body string, header ...string) (int, map[string]any) {
	r.t.Helper()
	status, raw, _ := r.raw(method, path, body, header...)
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var answer map[string]any
	if len(raw) > 0 {
		if err := decoder.Decode(&answer); err != nil {
			r.t.Fatalf("%s %s: %d %s", method, path, status, raw)
		}
	}
	return status, answer
}

func (r *rig) raw(method, path, body string, header ...string) (int, []byte, http.Header) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, raw, resp.Header
}

// submit creates a task and returns its id.
func (r *rig) submit(body string) string {
	r.t.Helper()
	status, answer := r.call("POST", "/api/tasks", body)
	if status != http.StatusCreated {
		r.t.Fatalf("submit: %d %v", status, answer)
	}
	return answer["id"].(string)
}

// wait polls a task until it has one of the statuses.
func (r *rig) wait(id string, statuses ...string) map[string]any {
	r.t.Helper()
	var answer map[string]any
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		_, answer = r.call("GET", "/api/tasks/"+id, "")
		for _, s := range statuses {
			if answer["status"] == s {
				return answer
			}
		}
		pause(r.t)
	}
	r.t.Fatalf("task %s is not %v in time: %v", id, statuses, answer)
	return nil
}

// pause is the time between two looks at a condition.
func pause(t *testing.T) {
	t.Helper()
	select {
	case <-time.After(10 * time.Millisecond):
	case <-t.Context().Done():
	}
}
