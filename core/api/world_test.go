package api_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headrace/headrace/core/api"
	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/core/intake"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/sdk/fault"
)

// The credentials of world are the names of roles, padded.
const (
	viewer    = "viewer-credential"
	submitter = "submitter-credential"
	other     = "submitter-credential-2"
	operator  = "operator-credential"
	admin     = "admin-credential"
)

// world is an API over fakes, but for intake, which is the real one.
type world struct {
	*api.API
	t       testing.TB
	store   *memory
	checks  *checks
	watch   *watch
	log     *strings.Builder
	metrics *prometheus.Registry
}

type options func(*api.Config)

func newWorld(t testing.TB, change ...options) *world {
	t.Helper()
	w := &world{
		t: t, store: newMemory(), checks: &checks{}, watch: &watch{}, log: &strings.Builder{}, metrics: prometheus.NewRegistry(),
	}
	types := newTypes(t)
	cfg := api.Config{
		Intake: startIntake(t, w.store), Store: w.store, Canceller: w.store, DeadLetters: w.store, Cleaner: w.store, Types: types, Pauses: newPauses(t, types, &pauseStore{}), WaitReasons: waitReasons{}, Breakers: newBreakers(), Schedules: newSchedules(),
		Checks: w.checks, Authenticator: roles{}, Watch: w.watch, Registerer: w.metrics,
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "task_queue_size 0\n") }),
		Logger:  hclog.New(&hclog.LoggerOptions{Output: w.log, Level: hclog.Info}),
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if w.API, err = api.New(cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

func startIntake(t testing.TB, store intake.Store) *intake.Intake {
	t.Helper()
	in, err := intake.New(intake.Config{Store: store, Types: newTypes(t), Queue: deafQueue{}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := in.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	return in
}

func newTypes(t testing.TB) *tasktype.Registry {
	t.Helper()
	schema, err := tasktype.CompileSchema(json.RawMessage(`{"type":"object","required":["ms"],"properties":{"ms":{"type":"integer"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	var types []*tasktype.Type
	for name, payload := range map[string]*tasktype.Schema{"demo.echo": nil, "demo.sleep": schema} {
		typ, err := tasktype.New(tasktype.Settings{
			Name: name, Runs: name, Plugin: "demo", Concurrency: 64, Timeout: 30 * time.Second, MaxPayload: 1 << 20,
			Retry: tasktype.Retry{Max: 5, Initial: time.Second, Cap: 5 * time.Minute}, OnFailure: task.DeadLetter,
			CancelGrace: 10 * time.Second, Order: tasktype.Weighted, Payload: payload,
		})
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, typ)
	}
	registry, err := tasktype.NewRegistry(types)
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

type deafQueue struct{}

func (deafQueue) Offer([]task.Hint) {}

type waitReasons struct{}

func (waitReasons) WaitReason(t *task.Task) string {
	if t.RunAt.After(time.Now()) {
		return "scheduled"
	}
	return ""
}

// roles takes "ROLE-credential…" for a credential of that role.
type roles struct{}

func (roles) Authenticate(_ context.Context, credential string) (auth.Principal, error) {
	name, _, _ := strings.Cut(credential, "-")
	role, err := auth.ParseRole(name)
	if err != nil {
		return auth.Principal{}, fault.New(fault.Unauthorized, "the credentials are not valid")
	}
	return auth.Principal{Name: "key:" + credential, Role: role}, nil
}

type checks struct {
	away   atomic.Bool
	report []api.Check
}

func (c *checks) StoreAway() bool                    { return c.away.Load() }
func (c *checks) Report(context.Context) []api.Check { return c.report }

// watch remembers refusals.
type watch struct {
	mu                sync.Mutex
	failed, forbidden []auth.Refusal
}

func (w *watch) AuthFailed(r auth.Refusal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = append(w.failed, r)
}

func (w *watch) Forbidden(r auth.Refusal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forbidden = append(w.forbidden, r)
}

// request is one that a test makes; the zero value of a field leaves it out.
type request struct {
	method, target, as, body string
	header                   map[string]string
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (w *world) do(q request) answer {
	w.t.Helper()
	r := httptest.NewRequest(q.method, q.target, strings.NewReader(q.body))
	if q.body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.as != "" {
		r.Header.Set("Authorization", "Bearer "+q.as)
	}
	for name, value := range q.header {
		r.Header.Set(name, value)
		if value == "" {
			r.Header.Del(name)
		}
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return answer{rec.Code, rec.Header(), rec.Body.String()}
}

// json decodes an answer.
func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var value map[string]any
	d := json.NewDecoder(strings.NewReader(a.body))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		t.Fatalf("%v in %q", err, a.body)
	}
	return value
}

// problem checks that an answer is the problem that is wanted, and returns it.
func (a answer) problem(t testing.TB, status int, code fault.Code) map[string]any {
	t.Helper()
	if a.status != status {
		t.Fatalf("got %d, want %d: %s", a.status, status, a.body)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q", got)
	}
	p := a.json(t)
	if p["code"] != string(code) {
		t.Errorf("code %v, want %s", p["code"], code)
	}
	if p["request_id"] != a.header.Get("X-Request-Id") || p["request_id"] == "" {
		t.Errorf("request_id %v, header %q", p["request_id"], a.header.Get("X-Request-Id"))
	}
	return p
}

// fields are the names that details.fields holds.
func fields(t testing.TB, problem map[string]any) map[string]any {
	t.Helper()
	details, ok := problem["details"].(map[string]any)
	if !ok {
		t.Fatalf("no details in %v", problem)
	}
	found, ok := details["fields"].(map[string]any)
	if !ok {
		t.Fatalf("no fields in %v", problem)
	}
	return found
}

// withStore replaces the store and the intake in front of it.
func withStore(t testing.TB, store *memory) options {
	return func(c *api.Config) {
		c.Store, c.Canceller, c.Intake = store, store, startIntake(t, store)
		c.DeadLetters, c.Cleaner = store, store
	}
}

// sorted compares lists without regard to their order.
var sorted = cmpopts.SortSlices(func(a, b string) bool { return a < b })

func encode(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
