package app_test

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/core/testenv/realserver"
)

// awaitHealth polls until the node answers with that word.
func (r *rig) awaitHealth(want string) {
	r.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); pause(r.t) {
		if _, answer := r.call("GET", "/health", ""); answer["status"] == want {
			return
		}
	}
	r.t.Fatalf("the node is not %q in time", want)
}

func TestAnOutageIsTwoLinesInTheLogAndNothingIsLost(t *testing.T) {
	t.Parallel()
	database, cache := realserver.Postgres(t, realserver.PostgresConfig{}), realserver.Redis(t, realserver.RedisConfig{})
	var out bytes.Buffer
	log := hclog.New(&hclog.LoggerOptions{Output: &out, Level: hclog.Info})
	r := loggingNode(t, servers(database.URL, cache.URL), log)
	r.wait(r.submit(`{"type":"demo.echo"}`), "completed")
	running := r.submit(`{"type":"demo.sleep","payload":{"ms":500}}`)
	r.wait(running, "running")

	for _, part := range []struct {
		server *realserver.Server
		end    syscall.Signal
		health string
	}{{cache, syscall.SIGKILL, "degraded"}, {database, syscall.SIGQUIT, "down"}} {
		if err := part.server.End(part.end); err != nil {
			t.Fatal(err)
		}
		r.awaitHealth(part.health)
		for range 50 { // about a second, in which every loop has its turn
			pause(t)
		}
		if part.health == "degraded" {
			r.submit(`{"type":"demo.echo"}`)
		} else if status, _, header := r.raw("POST", "/api/tasks", `{"type":"demo.echo"}`); status != 503 || header.Get("Retry-After") == "" {
			t.Errorf("without the database: %d, Retry-After %q", status, header.Get("Retry-After"))
		}
		if err := part.server.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.awaitHealth("ok")
	}
	r.wait(running, "completed")
	r.wait(r.submit(`{"type":"demo.echo"}`), "completed")
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	for _, part := range []string{"database", "redis"} {
		for _, line := range []string{"[WARN]  the " + part + " is away", "[INFO]  the " + part + " is back: after="} {
			if n := strings.Count(out.String(), line); n != 1 {
				t.Errorf("%q stands %d times in the log:\n%s", line, n, out.String())
			}
		}
	}
	// The queue of each type is built again, which is said for each.
	if n := strings.Count(out.String(), "[WARN]") - strings.Count(out.String(), "is built again"); n > 8 {
		t.Errorf("%s:\n%s", fmt.Sprintf("%d warnings", n), out.String())
	}
}
