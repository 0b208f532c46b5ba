package app_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// waitReason polls a pending task until it waits because of something.
func (r *rig) waitReason(id, reason string) {
	r.t.Helper()
	var answer map[string]any
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); pause(r.t) {
		if _, answer = r.call("GET", "/api/tasks/"+id, ""); answer["status"] == "pending" && answer["wait_reason"] == reason {
			return
		}
	}
	r.t.Fatalf("task %s does not wait because of %s: %v", id, reason, answer)
}

func TestAnOpenBreakerKeepsTasksInTheQueueUntilItIsReset(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		const failing = `{"type":"demo.guarded","payload":{"code":"network_error","message":"x"}}`
		r.wait(r.submit(failing), "dead_letter")
		r.wait(r.submit(failing), "dead_letter")
		id := r.submit(failing)
		r.waitReason(id, "breaker_open")
		_, list := r.call("GET", "/api/breakers", "")
		if one := list["breakers"].([]any)[0].(map[string]any); one["name"] != "demo.guarded" || one["state"] != "open" || fmt.Sprint(one["failures"]) != "2" {
			t.Errorf("listed as %v", one)
		}
		if status, answer := r.call("POST", "/api/breakers/demo.guarded/reset", ""); status != http.StatusOK || answer["state"] != "closed" {
			t.Fatalf("reset: %d %v", status, answer)
		}
		if got := r.wait(id, "dead_letter"); fmt.Sprint(got["attempt"]) != "1" {
			t.Errorf("the task that waited had %v attempts", got["attempt"])
		}
	})
}

func TestARateLimitKeepsTasksInTheQueue(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		const body = `{"type":"demo.limited"}`
		r.wait(r.submit(body), "completed")
		r.wait(r.submit(body), "completed")
		r.waitReason(r.submit(body), "rate_limited")
	})
}
