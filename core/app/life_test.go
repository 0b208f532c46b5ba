package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headrace/headrace/core/testenv"
)

// onBoth runs a test on an embedded node and on one with real servers.
func onBoth(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		test(t, node(t, sqliteFile(t.TempDir())))
	})
	t.Run("postgres and redis", func(t *testing.T) {
		t.Parallel()
		test(t, node(t, realServers(t, testenv.Postgres(t))))
	})
}

func TestEveryStatusIsReachedOverHTTP(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		for name, c := range map[string]struct {
			body, status, code string
		}{
			"completed":              {`{"type":"demo.echo","payload":{"n":9007199254740993}}`, "completed", ""},
			"completed after tries":  {`{"type":"demo.fail","payload":{"code":"network_error","message":"x","times":2}}`, "completed", ""},
			"retries used up":        {`{"type":"demo.fail","payload":{"code":"network_error","message":"x"}}`, "dead_letter", "network_error"},
			"never retried":          {`{"type":"demo.fail","payload":{"code":"not_found","message":"x"}}`, "dead_letter", "not_found"},
			"failed for good":        {`{"type":"demo.strict","payload":{"code":"validation_error","message":"x"}}`, "failed", "validation_error"},
			"out of time":            {`{"type":"demo.short","payload":{"ms":20000}}`, "dead_letter", "task_timeout"},
			"deadline while waiting": {`{"type":"demo.echo","run_at":"2999-01-01T00:00:00Z","deadline":"2999-01-02T00:00:00Z"}`, "pending", ""},
		} {
			t.Run(name, func(t *testing.T) {
				answer := r.wait(r.submit(c.body), c.status)
				code := ""
				if e, ok := answer["error"].(map[string]any); ok {
					code = e["code"].(string)
				}
				if code != c.code {
					t.Errorf("error code %q, want %q: %v", code, c.code, answer)
				}
			})
		}
	})
}

func TestDeadlinePassesWhileATaskWaits(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		soon := time.Now().Add(1500 * time.Millisecond).UTC().Format(time.RFC3339Nano)
		later := time.Now().Add(900 * time.Millisecond).UTC().Format(time.RFC3339Nano)
		// It becomes due before its deadline, yet its turn never comes: the type
		// is not run by any node that is busy with 64 others.
		for range 64 {
			r.submit(`{"type":"demo.sleep","payload":{"ms":4000}}`)
		}
		id := r.submit(fmt.Sprintf(`{"type":"demo.sleep","payload":{"ms":1},"run_at":%q,"deadline":%q}`, later, soon))
		answer := r.wait(id, "dead_letter")
		e := answer["error"].(map[string]any)
		if e["code"] != "task_timeout" || answer["attempt"] != nil {
			t.Errorf("answer %v", answer)
		}
	})
}

func TestCancellation(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		waiting := r.submit(`{"type":"demo.echo","run_at":"2999-01-01T00:00:00Z"}`)
		if status, answer := r.call("DELETE", "/api/tasks/"+waiting, ""); status != http.StatusOK || answer["status"] != "cancelled" {
			t.Errorf("pending: %d %v", status, answer)
		}
		if status, _ := r.call("DELETE", "/api/tasks/"+waiting, ""); status != http.StatusOK {
			t.Errorf("again: %d, want 200", status)
		}
		running := r.submit(`{"type":"demo.sleep","payload":{"ms":60000}}`)
		r.wait(running, "running")
		if status, answer := r.call("DELETE", "/api/tasks/"+running, ""); status != http.StatusAccepted || fmt.Sprint(answer["cancel_requested"]) != "true" {
			t.Errorf("running: %d %v", status, answer)
		}
		answer := r.wait(running, "cancelled")
		if e := answer["error"].(map[string]any); e["code"] != "task_cancelled" {
			t.Errorf("cancelled: %v", answer)
		}
		done := r.submit(`{"type":"demo.echo"}`)
		r.wait(done, "completed")
		if status, _ := r.call("DELETE", "/api/tasks/"+done, ""); status != http.StatusConflict {
			t.Errorf("completed: %d, want 409", status)
		}
	})
}

func TestEveryTransitionHasItsEvent(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.submit(`{"type":"demo.fail","payload":{"code":"network_error","message":"x"},"max_retries":1}`)
		r.wait(id, "dead_letter")
		_, answer := r.call("GET", "/api/tasks/"+id+"/events", "")
		var types []string
		for _, e := range answer["events"].([]any) {
			types = append(types, e.(map[string]any)["type"].(string))
		}
		want := []string{"task.created", "task.retried", "task.dead_lettered"}
		if diff := cmp.Diff(want, types); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPayloadIsKeptToTheLetter(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.submit(`{"type":"demo.echo","payload":{"big":9007199254740993,"huge":1e400,"text":"é \" ☃"}}`)
		r.wait(id, "completed")
		_, raw, _ := r.raw("GET", "/api/tasks/"+id, "")
		for _, part := range []string{`"payload":{"big":9007199254740993,"huge":1e400,"text":"é \" ☃"}`, `"result":{"big":9007199254740993,"huge":1e400`} {
			if !strings.Contains(string(raw), part) {
				t.Errorf("%s is not in %s", part, raw)
			}
		}
	})
}

func TestWorkSurvivesAStop(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := node(t, sqliteFile(dir))
	long := first.submit(`{"type":"demo.sleep","payload":{"ms":60000}}`)
	first.wait(long, "running")
	later := first.submit(`{"type":"demo.echo","run_at":"2999-01-01T00:00:00Z"}`)
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	second := node(t, sqliteFile(dir))
	answer := second.wait(long, "running", "pending")
	if answer["retry_count"].(fmt.Stringer).String() != "0" || answer["lapse_count"] != nil {
		t.Errorf("the stop has spent something: %v", answer)
	}
	if _, answer := second.call("GET", "/api/tasks/"+later, ""); answer["status"] != "pending" || answer["wait_reason"] != "scheduled" {
		t.Errorf("scheduled task: %v", answer)
	}
	second.call("DELETE", "/api/tasks/"+long, "")
	second.wait(long, "cancelled")
}
