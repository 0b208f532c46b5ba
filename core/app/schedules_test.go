package app_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// everySecond is a schedule whose tasks need no time, in the node's own file.
const everySecond = `
schedule "tick" {
  cron    = "* * * * * *"
  task    = "demo.echo"
  payload = { n = 1 }
}
`

func TestSchedulesRunPauseAndResumeOverHTTP(t *testing.T) {
	t.Parallel()
	r := node(t, sqliteFile(t.TempDir())+everySecond)
	tick := func() map[string]any {
		t.Helper()
		status, body := r.call(http.MethodGet, "/api/schedules", "")
		list, ok := body["schedules"].([]any)
		if status != http.StatusOK || !ok || len(list) != 1 {
			t.Fatalf("%d %v", status, body)
		}
		return list[0].(map[string]any)
	}
	for deadline := time.Now().Add(20 * time.Second); tick()["last_task"] == nil; pause(t) {
		if time.Now().After(deadline) {
			t.Fatalf("no task comes: %v", tick())
		}
	}
	made := r.wait(tick()["last_task"].(string), "completed")
	if made["created_by"] != "schedule:tick" || made["metadata"].(map[string]any)["schedule"] != "tick" {
		t.Errorf("made %v", made)
	}
	if status, body := r.call(http.MethodPost, "/api/schedules/tick/pause", ""); status != http.StatusOK || fmt.Sprint(body["paused"]) != "true" {
		t.Fatalf("%d %v", status, body)
	}
	status, byHand := r.call(http.MethodPost, "/api/schedules/tick/run", "")
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, byHand)
	}
	r.wait(byHand["id"].(string), "completed")
	if tick()["last_task"] != byHand["id"] {
		t.Errorf("a paused schedule fired: %v", tick())
	}
	if status, body := r.call(http.MethodPost, "/api/schedules/tick/resume", ""); status != http.StatusOK || fmt.Sprint(body["paused"]) != "false" {
		t.Fatalf("%d %v", status, body)
	}
}
