package api_test

import (
	"net/http"
	"testing"

	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

// deadLetter puts a dead letter into the world.
func (w *world) deadLetter(change func(*task.Task)) string {
	t := newTask("key:x")
	t.Status = task.DeadLetter
	if change != nil {
		change(&t)
	}
	w.store.put(t)
	return "/api/dlq/" + t.ID.String()
}

func TestDeadLetterAnswersFitTheDocument(t *testing.T) {
	t.Parallel()
	_, router := servedDocument(t)
	w := newWorld(t)
	dead, gone := w.deadLetter(nil), w.deadLetter(nil)
	keyed := w.deadLetter(func(t *task.Task) { t.UniqueKey = "k" })
	waiting := w.deadLetter(func(t *task.Task) { t.Status = task.Pending })
	for _, c := range []struct {
		method, target, body string
		status               int
	}{
		{"GET", "/api/dlq", "", 200},
		{"GET", "/api/dlq?limit=1&type=demo.echo", "", 200},
		{"GET", "/api/dlq?status=pending", "", 400},
		{"GET", dead, "", 200},
		{"GET", waiting, "", 404},
		{"POST", dead + "/retry", "", 200},
		{"POST", dead + "/retry", "", 409},
		{"POST", keyed + "/retry", "", 409},
		{"POST", "/api/dlq/" + aTaskID + "/retry", "", 404},
		{"POST", "/api/dlq/x/retry", "", 400},
		{"DELETE", gone, "", 204},
		{"DELETE", gone, "", 404},
		{"DELETE", waiting, "", 409},
		{"POST", "/api/dlq/cleanup", "", 200},
		{"GET", "/api/dlq/groups", "", 200},
		{"POST", "/api/dlq/redrive", `{"filter":{"type":"demo.echo","code":"not_found"},"dry_run":true}`, 200},
		{"POST", "/api/dlq/redrive", `{"per_second":50}`, 202},
		{"POST", "/api/dlq/redrive", `{"per_second":1}`, 409},
		{"POST", "/api/dlq/redrive", `{"per_second":0}`, 422},
		{"POST", "/api/dlq/redrive", `{"filter":{"code":"nonsense"}}`, 422},
		{"POST", "/api/dlq/redrive", `{"filter":{"typ":"a"}}`, 422},
		{"POST", "/api/dlq/redrive", `{"dryrun":true}`, 422},
		{"POST", "/api/dlq/redrive", `[]`, 422},
		{"GET", "/api/dlq/redrives/" + aRedrive, "", 200},
		{"GET", "/api/dlq/redrives/" + aTaskID, "", 404},
		{"DELETE", "/api/dlq/redrives/" + aRedrive, "", 200},
	} {
		q := request{method: c.method, target: c.target, body: c.body, as: operator}
		got := w.do(q)
		if got.status != c.status {
			t.Errorf("%s %s %s: %d, want %d: %s", c.method, c.target, c.body, got.status, c.status, got.body)
		}
		fitsDocument(t, router, q, got)
	}
}

func TestAHeldUniqueKeyIsToldWithItsHolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keyed := w.deadLetter(func(t *task.Task) { t.UniqueKey = "k" })
	p := w.do(request{method: "POST", target: keyed + "/retry", as: operator}).problem(t, http.StatusConflict, fault.InvalidInput)
	if details, ok := p["details"].(map[string]any); !ok || details["task_id"] != aTaskID {
		t.Errorf("details %v", p["details"])
	}
}

func TestWhoMayDoWhatWithDeadLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		as, method, target string
		status             int
	}{
		{viewer, "GET", "/api/dlq", 200},
		{viewer, "GET", "/api/dlq/groups", 200},
		{viewer, "POST", "/api/dlq/cleanup", 403},
		{submitter, "GET", "/api/dlq", 403},
		{submitter, "POST", "/api/dlq/cleanup", 403},
		{operator, "POST", "/api/dlq/cleanup", 200},
		{viewer, "DELETE", "/api/dlq/" + aTaskID, 403},
		{viewer, "DELETE", "/api/dlq/redrives/" + aRedrive, 403},
		{"", "GET", "/api/dlq", 401},
	} {
		if got := w.do(request{method: c.method, target: c.target, as: c.as}); got.status != c.status {
			t.Errorf("%s: %s %s: %d, want %d", c.as, c.method, c.target, got.status, c.status)
		}
	}
}
