package api_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/headrace/headrace/sdk/fault"
)

func (w *world) submit(body string) answer {
	w.t.Helper()
	return w.do(request{method: http.MethodPost, target: "/api/tasks", as: admin, body: body})
}

func TestSubmitAnswersTheTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.submit(`{"type":"demo.echo"}`)
	if got.status != http.StatusCreated {
		t.Fatalf("%d %s", got.status, got.body)
	}
	v := got.json(t)
	if want := "/api/tasks/" + v["id"].(string); got.header.Get("Location") != want {
		t.Errorf("Location %q, want %q", got.header.Get("Location"), want)
	}
	for field, want := range map[string]string{
		"status": "pending", "priority": "1", "payload": "map[]", "metadata": "map[]", "max_retries": "5", "created_by": "key:" + admin,
	} {
		if fmt.Sprint(v[field]) != want {
			t.Errorf("%s: got %v, want %s", field, v[field], want)
		}
	}
}

func TestPayloadIsKeptToTheLetter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, payload := range []string{`{"n":9007199254740993,"big":1e400,"z":-0.0}`, `[1, 2,  {"b":null,"a":"\u00e9"}]`, `null`, `0`, `"x"`} {
		got := w.submit(`{"type":"demo.echo","payload": ` + payload + ` }`)
		if got.status != http.StatusCreated || !strings.Contains(got.body, `"payload":`+payload+`,"created"`) {
			t.Errorf("%s: got %d %s", payload, got.status, got.body)
		}
	}
}

func TestSubmitTakesEveryField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.submit(`{"type":"demo.echo","payload":{},"priority":"critical","description":"a\tb","metadata":{"k":1e400},` +
		`"run_at":"2990-01-02T03:04:05.678+02:00","deadline":"2990-01-03T00:00:00Z","max_retries":0,"unique_key":"u"}`)
	for _, part := range []string{
		`"priority":3,`, `"description":"a\tb",`, `"metadata":{"k":1e400}`, `"run_at":"2990-01-02T01:04:05.678Z"`,
		`"deadline":"2990-01-03T00:00:00.000Z"`, `"max_retries":0,`, `"unique_key":"u"`, `"wait_reason":"scheduled"`,
	} {
		if !strings.Contains(got.body, part) {
			t.Errorf("no %s in %s", part, got.body)
		}
	}
}

func TestSubmitRefusesWhatIsNotJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, body := range []string{
		`{"type":"demo.echo","type":"demo.echo"}`, `{"type":"demo.echo"}{}`, `{"type":"demo.echo","payload":"\u0000"}`,
		"{\"type\":\"demo.echo\",\"payload\":\"\xff\"}", `{"type":`, `{"type":"demo.echo","payload":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`,
	} {
		w.submit(body).problem(t, http.StatusBadRequest, fault.InvalidInput)
	}
	if n := w.store.count(); n != 0 {
		t.Errorf("%d tasks were made", n)
	}
}

func TestSubmitNamesTheFieldsThatDoNotFit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for body, want := range map[string]string{
		`{}`:                    "/type",
		`[]`:                    "",
		`{"type":""}`:           "/type",
		`{"type":7}`:            "/type",
		`{"type":"nope"}`:       "/type",
		`{"type":"demo.sleep"}`: "/payload",
		`{"type":"demo.sleep","payload":{"ms":"x"}}`:              "/payload/ms",
		`{"type":"demo.echo","nope":1}`:                           "/nope",
		`{"type":"demo.echo","a/b~":1}`:                           "/a~1b~0",
		`{"type":"demo.echo","id":"x"}`:                           "/id",
		`{"type":"demo.echo","priority":"urgent"}`:                "/priority",
		`{"type":"demo.echo","priority":4}`:                       "/priority",
		`{"type":"demo.echo","priority":null}`:                    "/priority",
		`{"type":"demo.echo","priority":1.5}`:                     "/priority",
		`{"type":"demo.echo","description":null}`:                 "/description",
		`{"type":"demo.echo","metadata":[]}`:                      "/metadata",
		`{"type":"demo.echo","metadata":{"a":[1e131071]}}`:        "/metadata",
		`{"type":"demo.echo","run_at":"tomorrow"}`:                "/run_at",
		`{"type":"demo.echo","run_at":1}`:                         "/run_at",
		`{"type":"demo.echo","deadline":"2026-13-01"}`:            "/deadline",
		`{"type":"demo.echo","max_retries":"1"}`:                  "/max_retries",
		`{"type":"demo.echo","max_retries":1.0}`:                  "/max_retries",
		`{"type":"demo.echo","max_retries":-1}`:                   "/max_retries",
		`{"type":"demo.echo","max_retries":99999999999999999999}`: "/max_retries",
		`{"type":"demo.echo","unique_key":""}`:                    "/unique_key",
	} {
		found := fields(t, w.submit(body).problem(t, http.StatusUnprocessableEntity, fault.ValidationError))
		if _, ok := found[want]; !ok {
			t.Errorf("%s: %q is not among %v", body, want, found)
		}
	}
}

func TestLargeBodiesAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	payload := `{"type":"demo.echo","payload":"` + strings.Repeat("x", 1<<20) + `"}`
	w.submit(payload).problem(t, http.StatusRequestEntityTooLarge, fault.InvalidInput)
	huge := `{"type":"demo.echo","payload":"` + strings.Repeat("x", 2<<20) + `"}`
	if got := w.submit(huge); got.header.Get("Connection") != "close" {
		t.Errorf("the connection stays open: %v", got.header)
	}
	w.submit(huge).problem(t, http.StatusRequestEntityTooLarge, fault.InvalidInput)
}

func TestUniqueKeyConflictNamesTheHolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.submit(`{"type":"demo.echo","unique_key":"u"}`).json(t)
	p := w.submit(`{"type":"demo.echo","unique_key":"u"}`).problem(t, http.StatusConflict, fault.InvalidInput)
	if got := p["details"].(map[string]any)["task_id"]; got != first["id"] {
		t.Errorf("task_id %v, want %v", got, first["id"])
	}
}

func TestCorrelationFollowsTheRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	const id = "019abf3e-7a50-7c61-9f0e-2b1c7f3b9a10"
	for name, test := range map[string]struct {
		header map[string]string
		want   string
	}{
		"the trace":            {map[string]string{"Traceparent": trace, "X-Request-Id": id}, "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"},
		"the request id":       {map[string]string{"X-Request-Id": id}, id},
		"a bad trace is none":  {map[string]string{"Traceparent": "00-0-0-01", "X-Request-Id": id}, id},
		"an empty trace":       {map[string]string{"Traceparent": strings.NewReplacer("4bf92f3577b34da6a3ce929d0e0e4736", strings.Repeat("0", 32)).Replace(trace), "X-Request-Id": id}, id},
		"a new one without it": {map[string]string{"X-Request-Id": "mine"}, ""},
	} {
		got := w.do(request{method: http.MethodPost, target: "/api/tasks", as: admin, body: `{"type":"demo.echo"}`, header: test.header}).json(t)["correlation_id"]
		if test.want != "" && got != test.want || got == nil {
			t.Errorf("%s: got %v, want %s", name, got, test.want)
		}
	}
	e := w.store.events[0]
	if !strings.Contains(string(e.Metadata), `"requestId":`) || !strings.Contains(string(e.Metadata), `"userId":"key:`+admin) {
		t.Errorf("event metadata %s", e.Metadata)
	}
}

func TestBatchAnswersEachTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.do(request{method: http.MethodPost, target: "/api/tasks/batch", as: admin, body: `{"tasks":[` +
		`{"type":"demo.echo","payload":1,"unique_key":"u"},{"type":"nope"},{"type":"demo.echo","unique_key":"u"},7,{"type":"demo.echo","payload":2}]}`})
	if got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	var shape []string
	for _, r := range got.json(t)["results"].([]any) {
		entry := r.(map[string]any)
		if done, ok := entry["task"].(map[string]any); ok {
			shape = append(shape, fmt.Sprint(done["payload"]))
			continue
		}
		shape = append(shape, entry["error"].(map[string]any)["code"].(string))
	}
	if want := "1 validation_error invalid_input validation_error 2"; strings.Join(shape, " ") != want {
		t.Errorf("got %v, want %s", shape, want)
	}
	if n := w.store.count(); n != 2 {
		t.Errorf("%d tasks in the store", n)
	}
}

func TestAtomicBatchIsAllOrNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	batch := func(body string) answer {
		return w.do(request{method: http.MethodPost, target: "/api/tasks/batch", as: admin, body: body})
	}
	for body, want := range map[string]string{
		`{"atomic":true,"tasks":[{"type":"demo.echo"},{"type":"nope"}]}`:                                                             "/tasks/1",
		`{"atomic":true,"tasks":[{"type":"demo.echo"},{"type":"demo.echo","unique_key":"u"},{"type":"demo.echo","unique_key":"u"}]}`: "/tasks/2",
	} {
		got := batch(body)
		found := fields(t, got.problem(t, http.StatusUnprocessableEntity, fault.ValidationError))
		if _, ok := found[want]; !ok {
			t.Errorf("%s: %s is not among %v", body, want, found)
		}
		if strings.Contains(string(got.body), "null") {
			t.Errorf("what is absent is null: %s", got.body)
		}
		if n := w.store.count(); n != 0 {
			t.Errorf("%s: %d tasks in the store", body, n)
		}
	}
	if got := batch(`{"atomic":true,"tasks":[{"type":"demo.echo"},{"type":"demo.echo"}]}`); got.status != http.StatusOK || w.store.count() != 2 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestBatchFormIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for body, want := range map[string]string{
		`{}`:                            "/tasks",
		`{"tasks":[]}`:                  "/tasks",
		`{"tasks":{}}`:                  "/tasks",
		`{"tasks":[{}],"atomic":"yes"}`: "/atomic",
		`{"tasks":[{}],"x":1}`:          "/x",
		`{"tasks":[` + strings.Repeat(`{"type":"demo.echo"},`, 1000) + `{"type":"demo.echo"}]}`: "/tasks",
	} {
		got := w.do(request{method: http.MethodPost, target: "/api/tasks/batch", as: admin, body: body})
		if _, ok := fields(t, got.problem(t, http.StatusUnprocessableEntity, fault.ValidationError))[want]; !ok {
			t.Errorf("%.60s: no %s in %s", body, want, got.body)
		}
	}
}

// BenchmarkSubmit measures what POST /api/tasks costs between net/http and
// intake.
func BenchmarkSubmit(b *testing.B) {
	const body = `{"type":"demo.echo","payload":{"customer":"4711","n":42,"text":"the quick brown fox jumps over the lazy dog"},"priority":"HIGH"}`
	w := newWorld(b, withInstantIntake)
	r := httptest.NewRequest(http.MethodPost, "/api/tasks", nil)
	r.Header.Set("Authorization", "Bearer "+admin)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("User-Agent", "benchmark")
	r.ContentLength = int64(len(body))
	out := discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(out.header)
		r.Body = io.NopCloser(strings.NewReader(body))
		w.ServeHTTP(&out, r)
		if out.status != http.StatusCreated {
			b.Fatal(out.status)
		}
	}
}

// discard is the cheapest response.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
