package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

// fullTask has every field set.
func fullTask() task.Task {
	t := newTask("key:x")
	t.Status, t.Priority, t.Description = task.DeadLetter, task.Critical, "a \"b\"\n<c>\x7f\u2028\xff\x01"
	t.Payload, t.Metadata, t.Result = json.RawMessage(`{ "n":1e400 }`), json.RawMessage(`{"k":"v"}`), json.RawMessage(`null`)
	t.Created, t.Updated = at("2026-11-24T06:31:00Z"), at("2026-11-24T08:31:00.1239+02:00")
	t.RunAt, t.StartedAt = at("2026-11-24T06:31:01.5Z"), at("2026-11-24T06:31:02Z")
	t.CompletedAt, t.Deadline = at("2026-11-24T06:31:03Z"), at("2026-11-24T06:31:04Z")
	t.RetryCount, t.MaxRetries, t.Attempt, t.CrashCount, t.LapseCount, t.RedriveCount = 1, 2, 3, 4, 5, 6
	t.CancelRequested, t.UniqueKey, t.CorrelationID = true, "u", uuid.MustParse("4bf92f35-77b3-4da6-a3ce-929d0e0e4736")
	t.NodeID, t.Traceparent = uuid.New(), "hidden"
	t.Error = &task.Failure{Code: fault.NetworkError, Message: "refused", Details: json.RawMessage(`{"host":"h"}`)}
	return t
}

func TestTaskIsShownFieldForField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	full := fullTask()
	w.store.put(full)
	got := w.do(request{method: "GET", target: "/api/tasks/" + full.ID.String(), as: viewer})
	want := `{"id":"` + full.ID.String() + `","type":"demo.echo","status":"dead_letter","priority":3,` +
		`"description":"a \"b\"\n<c>` + "\x7f\u2028" + `\ufffd\u0001","payload":{ "n":1e400 },` +
		`"created":"2026-11-24T06:31:00.000Z","updated":"2026-11-24T06:31:00.123Z","run_at":"2026-11-24T06:31:01.500Z",` +
		`"started_at":"2026-11-24T06:31:02.000Z","completed_at":"2026-11-24T06:31:03.000Z","deadline":"2026-11-24T06:31:04.000Z",` +
		`"retry_count":1,"max_retries":2,"error":{"code":"network_error","message":"refused","details":{"host":"h"},` +
		`"recovery":{"retryable":true,"user_action":false,"alternative":"check the route to the destination","blame":"destination"}},` +
		`"result":null,"metadata":{"k":"v"},"attempt":3,"crash_count":4,"lapse_count":5,"redrive_count":6,"cancel_requested":true,` +
		`"unique_key":"u","correlation_id":"4bf92f35-77b3-4da6-a3ce-929d0e0e4736","created_by":"key:x"}`
	if diff := cmp.Diff(want, got.body); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnsetFieldsAreAbsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bare := newTask("")
	bare.CorrelationID = uuid.Nil
	w.store.put(bare)
	var names []string
	for name := range w.do(request{method: "GET", target: "/api/tasks/" + bare.ID.String(), as: viewer}).json(t) {
		names = append(names, name)
	}
	want := []string{"created", "description", "id", "max_retries", "metadata", "payload", "priority", "retry_count", "status", "type", "updated"}
	if diff := cmp.Diff(want, names, sorted); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestForeignTasksDoNotExistForASubmitter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, foreign := newTask("key:"+submitter), newTask("key:"+other)
	w.store.put(mine)
	w.store.put(foreign)
	for _, q := range []request{{method: "GET", target: ""}, {method: "DELETE", target: ""}, {method: "GET", target: "/events"}} {
		ours := w.do(request{method: q.method, target: "/api/tasks/" + mine.ID.String() + q.target, as: submitter})
		if ours.status != http.StatusOK {
			t.Errorf("own: %s %s: %d", q.method, q.target, ours.status)
		}
		theirs := w.do(request{method: q.method, target: "/api/tasks/" + foreign.ID.String() + q.target, as: submitter})
		unknown := w.do(request{method: q.method, target: "/api/tasks/" + aTaskID + q.target, as: submitter})
		theirs.problem(t, http.StatusNotFound, fault.NotFound)
		if a, b := theirs.json(t)["detail"], unknown.json(t)["detail"]; a != b {
			t.Errorf("foreign %v, unknown %v", a, b)
		}
	}
	if got := w.do(request{method: "GET", target: "/api/tasks", as: submitter}); strings.Contains(got.body, foreign.ID.String()) || !strings.Contains(got.body, mine.ID.String()) {
		t.Errorf("list %s", got.body)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status        task.Status
		first, second int
	}{
		{task.Pending, 200, 200},
		{task.Running, 202, 202},
		{task.Cancelled, 200, 200},
		{task.Completed, 409, 409},
		{task.Failed, 409, 409},
		{task.DeadLetter, 409, 409},
	} {
		w := newWorld(t)
		one := newTask("key:x")
		one.Status = test.status
		w.store.put(one)
		for _, want := range []int{test.first, test.second} {
			got := w.do(request{method: "DELETE", target: "/api/tasks/" + one.ID.String(), as: operator})
			switch {
			case want == 409:
				got.problem(t, want, fault.InvalidInput)
			case got.status != want:
				t.Errorf("%s: %d %s", test.status, got.status, got.body)
			case want == 202 && got.json(t)["cancel_requested"] != any(true):
				t.Errorf("%s: %s", test.status, got.body)
			}
		}
	}
}

func TestPagesAreStableWhileTasksAreAdded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want []string
	for range 7 {
		one := newTask("key:x")
		w.store.put(one)
		want = append([]string{one.ID.String()}, want...)
	}
	var got []string
	target := "/api/tasks?limit=3"
	for range 3 {
		v := w.do(request{method: "GET", target: target, as: viewer}).json(t)
		for _, entry := range v["tasks"].([]any) {
			got = append(got, entry.(map[string]any)["id"].(string))
		}
		w.store.put(newTask("key:x"))
		next, more := v["next_cursor"].(string)
		if more != (len(got) < 7) {
			t.Fatalf("after %d tasks: next_cursor %v", len(got), v["next_cursor"])
		}
		target = "/api/tasks?limit=3&cursor=" + next
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEmptyListIsAList(t *testing.T) {
	t.Parallel()
	if got := newWorld(t).do(request{method: "GET", target: "/api/tasks", as: viewer}); got.body != `{"tasks":[]}` {
		t.Errorf("got %s", got.body)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := newTask("key:x")
	one.Created, one.Priority, one.Metadata = at("2026-11-24T06:31:00.123Z"), task.High, json.RawMessage(`{"customer":"a b"}`)
	w.store.put(one)
	for query, want := range map[string]int{
		"type=demo.echo": 1, "type=other": 0, "status=pending": 1, "status=dead_letter": 0, "priority=2": 1, "priority=high": 1, "priority=LOW": 0,
		"from=2026-11-24T06:31:00.123Z": 1, "to=2026-11-24T06:31:00.123Z": 0, "from=2026-11-24T07:31:00.124%2B01:00": 0,
		"metadata.customer=a%20b": 1, "metadata.customer=zz": 0, "limit=1000": 1,
	} {
		got := w.do(request{method: "GET", target: "/api/tasks?" + query, as: viewer})
		if list, ok := got.json(t)["tasks"].([]any); !ok || len(list) != want {
			t.Errorf("%s: %s", query, got.body)
		}
	}
}

func TestSenselessFiltersAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for query, field := range map[string]string{
		"limit=0": "limit", "limit=1001": "limit", "limit=-1": "limit", "limit=x": "limit", "limit=": "limit", "limit=1.5": "limit",
		"limit=99999999999999999999": "limit", "type=": "type", "type=UPPER": "type", "status=": "status", "status=done": "status",
		"priority=9": "priority", "priority=": "priority", "from=yesterday": "from", "from=2026-11-24": "from", "to=0001-01-01T00:00:00Z": "to",
		"from=2026-11-24T00:00:00Z&to=2026-11-23T00:00:00Z": "to", "cursor=": "cursor", "cursor=abc": "cursor",
		manyMetadata(17): "metadata",
	} {
		found := fields(t, w.do(request{method: "GET", target: "/api/tasks?" + query, as: viewer}).problem(t, http.StatusBadRequest, fault.InvalidInput))
		if _, ok := found[field]; !ok {
			t.Errorf("%s: %v", query, found)
		}
	}
}

func manyMetadata(n int) string {
	values := url.Values{}
	for i := range n {
		values.Set(fmt.Sprintf("metadata.k%d", i), "v")
	}
	return values.Encode()
}

func TestEventsOfATaskArePaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.submit(`{"type":"demo.echo"}`).json(t)["id"].(string)
	w.do(request{method: "DELETE", target: "/api/tasks/" + id, as: admin})
	first := w.do(request{method: "GET", target: "/api/tasks/" + id + "/events?limit=1", as: viewer}).json(t)
	event := first["events"].([]any)[0].(map[string]any)
	if event["type"] != "task.created" || event["severity"] != "info" || event["metadata"].(map[string]any)["taskId"] != id {
		t.Errorf("event %v", event)
	}
	cursor := first["next_cursor"].(string)
	second := w.do(request{method: "GET", target: "/api/tasks/" + id + "/events?limit=1&cursor=" + cursor, as: viewer}).json(t)
	if got := second["events"].([]any)[0].(map[string]any)["type"]; got != "task.cancelled" || second["next_cursor"] != nil {
		t.Errorf("second page %v", second)
	}
	w.do(request{method: "GET", target: "/api/tasks?cursor=" + cursor, as: viewer}).problem(t, http.StatusBadRequest, fault.InvalidInput)
}
