package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/core/testenv"
)

// limited is a type of which two run at a time on all nodes.
const limited = `
task "demo.two" {
  plugin      = "demo"
  runs        = "demo.sleep"
  max_running = 2
}
`

// typ finds a type in the list of a node.
func (r *rig) typ(name string) map[string]any {
	r.t.Helper()
	_, answer := r.call("GET", "/api/types", "")
	for _, one := range answer["types"].([]any) {
		if typ := one.(map[string]any); typ["name"] == name {
			return typ
		}
	}
	r.t.Fatalf("no type %s in %v", name, answer)
	return nil
}

// paused tells how a node shows the state of a type.
func (r *rig) paused(name string) bool {
	r.t.Helper()
	return isPaused(r.typ(name))
}

// isPaused reads the state of a type.
func isPaused(typ map[string]any) bool {
	paused, ok := typ["paused"].(bool)
	return ok && paused
}

// until waits for something that has to come true.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func TestPausedTypeRunsNothingOnAnyNode(t *testing.T) {
	t.Parallel()
	servers := realServers(t, testenv.Postgres(t))
	one, other := node(t, servers), node(t, servers)
	status, answer := one.call("POST", "/api/types/demo.echo/pause", `{"reason":"repairs"}`)
	if status != http.StatusOK || !isPaused(answer) {
		t.Fatalf("%d %v", status, answer)
	}
	until(t, "the other node knows", func() bool { return other.paused("demo.echo") })
	pause := other.typ("demo.echo")["pause"].(map[string]any)
	if pause["reason"] != "repairs" || pause["by"] == "" || pause["since"] == "" {
		t.Errorf("the pause as the other node shows it: %v", pause)
	}
	id := other.submit(`{"type":"demo.echo"}`)
	until(t, "the task says why it waits", func() bool {
		_, task := one.call("GET", "/api/tasks/"+id, "")
		return task["status"] == "pending" && task["wait_reason"] == "paused"
	})
	if status, answer := other.call("POST", "/api/types/demo.echo/resume", ""); status != http.StatusOK || isPaused(answer) {
		t.Fatalf("%d %v", status, answer)
	}
	one.wait(id, "completed")
}

func TestPauseSurvivesARestartAndEndsByItself(t *testing.T) {
	t.Parallel()
	source := sqliteFile(t.TempDir())
	first := node(t, source)
	end := time.Now().Add(4 * time.Second).UTC()
	status, answer := first.call("POST", "/api/types/demo.echo/pause",
		fmt.Sprintf(`{"reason":"repairs","until":%q}`, end.Format(time.RFC3339Nano)))
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	id := first.submit(`{"type":"demo.echo"}`)
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	second := node(t, source)
	if !second.paused("demo.echo") && time.Now().Before(end) {
		t.Error("the pause is forgotten")
	}
	second.wait(id, "completed")
	if time.Now().Before(end) {
		t.Error("the task ran before the pause had ended")
	}
	if second.paused("demo.echo") {
		t.Error("still paused")
	}
}

func TestWhatCannotBePausedIsRefused(t *testing.T) {
	t.Parallel()
	r := node(t, sqliteFile(t.TempDir()))
	for name, c := range map[string]struct {
		path, body string
		status     int
	}{
		"no reason":            {"demo.echo/pause", `{}`, http.StatusUnprocessableEntity},
		"an empty reason":      {"demo.echo/pause", `{"reason":""}`, http.StatusUnprocessableEntity},
		"a long reason":        {"demo.echo/pause", `{"reason":"` + strings.Repeat("x", 1001) + `"}`, http.StatusUnprocessableEntity},
		"an end in the past":   {"demo.echo/pause", `{"reason":"x","until":"2001-01-01T00:00:00Z"}`, http.StatusUnprocessableEntity},
		"no time":              {"demo.echo/pause", `{"reason":"x","until":"soon"}`, http.StatusUnprocessableEntity},
		"an unknown field":     {"demo.echo/pause", `{"reason":"x","for":"1h"}`, http.StatusUnprocessableEntity},
		"no object":            {"demo.echo/pause", `[]`, http.StatusUnprocessableEntity},
		"no JSON":              {"demo.echo/pause", `{`, http.StatusBadRequest},
		"an unknown type":      {"demo.none/pause", `{"reason":"x"}`, http.StatusNotFound},
		"resume an unknown":    {"demo.none/resume", "", http.StatusNotFound},
		"resume a running one": {"demo.echo/resume", "", http.StatusOK},
	} {
		if status, answer := r.call("POST", "/api/types/"+c.path, c.body); status != c.status {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
	if r.paused("demo.echo") {
		t.Error("paused by a refused request")
	}
}

func TestLimitOverAllNodesHoldsWithTwoNodes(t *testing.T) {
	t.Parallel()
	servers := realServers(t, testenv.Postgres(t)) + limited
	one, other := node(t, servers), node(t, servers)
	ids := append(one.submitMany(`{"type":"demo.two","payload":{"ms":100}}`, 12),
		other.submitMany(`{"type":"demo.two","payload":{"ms":100}}`, 12)...)
	most := 0
	until(t, "all have run", func() bool {
		running, waiting := one.countOf("demo.two", "running"), one.countOf("demo.two", "pending")
		most = max(most, running)
		return running+waiting == 0
	})
	if most != 2 {
		t.Errorf("at most %d were seen running, the limit is 2", most)
	}
	for _, id := range ids {
		one.wait(id, "completed")
	}
	if n := one.typ("demo.two")["max_running"]; fmt.Sprint(n) != "2" {
		t.Errorf("the limit is shown as %v", n)
	}
}

// countOf counts the tasks of a type in a status.
func (r *rig) countOf(typ, status string) int {
	r.t.Helper()
	_, answer := r.call("GET", "/api/tasks?limit=100&type="+typ+"&status="+status, "")
	return len(answer["tasks"].([]any))
}
