//go:build faults

package faulttest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/headrace/headrace/core/testenv/realserver"
)

// world is everything that a run needs.
type world struct {
	t        *testing.T
	settings settings
	dir      string
	binary   string
	config   string
	token    string
	redis    *realserver.Server
	postgres *realserver.Server
	database *pgxpool.Pool
	nodes    []*node
	http     *http.Client
	// away: PostgreSQL is being stopped, or has come back less than a moment ago.
	away atomic.Bool
}

// configuration of a node: name, address, database, Redis.
const configuration = `server {
  name           = env("NODE_NAME", "none")
  listen         = env("NODE_LISTEN", "127.0.0.1:0")
  lease          = "3s"
  shutdown_grace = "10s"
}
storage "postgres" {
  url = %q
}
redis {
  url = %q
}
task "demo.echo" {}
task "demo.sleep" {
  cancel_grace = "2s"
}
task "demo.fail" {
  retry {
    max     = 5
    initial = "20ms"
    cap     = "200ms"
  }
}
task "faults.strict" {
  plugin     = "demo"
  runs       = "demo.fail"
  on_failure = "fail"
}
`

// newWorld starts the servers and two nodes.
func newWorld(t *testing.T, s settings) *world {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "hrfault") //nolint:usetesting // a short path for sockets, kept after a failure
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, settings: s, dir: dir, binary: filepath.Join(dir, "headrace"), config: filepath.Join(dir, "faults.hcl"),
		http: &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}},
	}
	t.Cleanup(w.close)
	w.build()
	w.redis = realserver.Redis(t, realserver.RedisConfig{})
	w.postgres = realserver.Postgres(t, realserver.PostgresConfig{})
	url, err := realserver.Database(t.Context(), w.postgres, "headrace")
	if err != nil {
		t.Fatal(err)
	}
	if w.database, err = pgxpool.New(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.database.Close)
	if err := os.WriteFile(w.config, fmt.Appendf(nil, configuration, url, w.redis.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	w.headrace("migrate", "up", "-config", w.config)
	var made struct{ Key string }
	if err := json.Unmarshal(w.headrace("key", "create", "-config", w.config, "-role", "admin", "-name", "faults", "-o", "json"), &made); err != nil {
		t.Fatal(err)
	}
	w.token = made.Key
	for _, name := range []string{"one", "two"} {
		w.addNode(name)
	}
	w.awaitHealth()
	return w
}

// build makes the program.
func (w *world) build() {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), "go", "build", "-o", w.binary, "github.com/headrace/headrace/cmd/headrace")
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("build the program: %v\n%s", err, out)
	}
}

// headrace runs a command that must succeed and returns what it printed.
func (w *world) headrace(args ...string) []byte {
	w.t.Helper()
	out, err := exec.CommandContext(w.t.Context(), w.binary, args...).Output()
	if err != nil {
		w.t.Fatalf("headrace %v: %v\n%s", args, err, out)
	}
	return out
}

// addNode starts a node with a configuration of its own.
func (w *world) addNode(name string) {
	w.t.Helper()
	port, err := realserver.FreePort()
	if err != nil {
		w.t.Fatal(err)
	}
	listen := fmt.Sprintf("127.0.0.1:%d", port)
	temporary := filepath.Join(w.dir, name)
	if err := os.Mkdir(temporary, 0o700); err != nil {
		w.t.Fatal(err)
	}
	n := &node{
		name: name, url: "http://" + listen, binary: w.binary, config: w.config, httpClient: w.http,
		log: filepath.Join(w.dir, name+".log"), temporary: temporary,
		environment: []string{"NODE_NAME=" + name, "NODE_LISTEN=" + listen, "TMPDIR=" + temporary},
	}
	if err := n.start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(n.stopForGood)
	w.nodes = append(w.nodes, n)
}

// close removes the folder, unless there is something to look at in it.
func (w *world) close() {
	w.http.CloseIdleConnections()
	if w.t.Failed() {
		for _, n := range w.nodes {
			w.t.Logf("node %s said at the end:\n%s", n.name, n.said())
		}
	}
	if w.t.Failed() || w.settings.keep {
		w.t.Logf("the nodes' logs are in %s", w.dir)
		return
	}
	if err := os.RemoveAll(w.dir); err != nil {
		w.t.Error(err)
	}
}

// awaitHealth waits until both nodes are well; without a restart, whatever went
// on before.
func (w *world) awaitHealth() {
	w.t.Helper()
	for _, n := range w.nodes {
		w.await("node "+n.name+" to be well", time.Minute, n.healthy)
	}
}

// await polls until holds returns nil.
func (w *world) await(what string, limit time.Duration, holds func(context.Context) error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), limit)
	defer cancel()
	for {
		err := holds(ctx)
		if err == nil {
			return
		}
		if !pause(ctx, 50*time.Millisecond) {
			w.t.Fatalf("waited %s in vain for %s: %v", limit, what, err)
		}
	}
}

// pause waits; false when ctx ended meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
