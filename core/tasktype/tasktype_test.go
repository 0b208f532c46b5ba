package tasktype_test

import (
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/sdk/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func settings() tasktype.Settings {
	return tasktype.Settings{
		Name: "t", Runs: "t", Plugin: "p", Concurrency: 8, Timeout: time.Second,
		OnFailure: task.DeadLetter, Order: tasktype.Weighted, MaxPayload: 1,
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	t.Parallel()
	if _, err := tasktype.New(settings()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*tasktype.Settings){
		"no name":          func(s *tasktype.Settings) { s.Name = "" },
		"no plugin":        func(s *tasktype.Settings) { s.Plugin = "" },
		"no concurrency":   func(s *tasktype.Settings) { s.Concurrency = 0 },
		"no time":          func(s *tasktype.Settings) { s.Timeout = 0 },
		"negative grace":   func(s *tasktype.Settings) { s.CancelGrace = -1 },
		"negative retries": func(s *tasktype.Settings) { s.Retry.Max = -1 },
		"odd end":          func(s *tasktype.Settings) { s.OnFailure = task.Completed },
		"odd order":        func(s *tasktype.Settings) { s.Order = "random" },
		"no payload":       func(s *tasktype.Settings) { s.MaxPayload = 0 },
	} {
		s := settings()
		change(&s)
		if _, err := tasktype.New(s); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestTypesHaveDifferentNames(t *testing.T) {
	t.Parallel()
	one, err := tasktype.New(settings())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tasktype.NewRegistry([]*tasktype.Type{one, one}); err == nil {
		t.Error("two types of one name are accepted")
	}
}

func TestLoadNeverExceedsConcurrency(t *testing.T) {
	t.Parallel()
	typ, err := tasktype.New(settings())
	if err != nil {
		t.Fatal(err)
	}
	var inside, most atomic.Int64
	var workers sync.WaitGroup
	for n := range 16 {
		workers.Go(func() {
			for range 2000 {
				got := typ.Take(1 + n%3)
				if now := inside.Add(int64(got)); now > most.Load() {
					most.Store(now)
				}
				inside.Add(-int64(got))
				typ.Give(got)
			}
		})
	}
	workers.Wait()
	if most.Load() > 8 || typ.Load() != 0 {
		t.Errorf("at most %d at a time (limit 8), %d left", most.Load(), typ.Load())
	}
}

func compile(t *testing.T, schema string) *tasktype.Schema {
	t.Helper()
	s, err := tasktype.CompileSchema(json.RawMessage(schema))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPayloadsAreHeldAgainstTheirSchema(t *testing.T) {
	t.Parallel()
	s := compile(t, `{"type":"object","properties":{"ms":{"type":"integer","minimum":0},"a/b":{"type":"string"}},"required":["ms"],"additionalProperties":false}`)
	for payload, field := range map[string]string{
		`{"ms":5}`:                  "",
		`{"ms":9007199254740993}`:   "",
		`{"ms":1e400}`:              "",
		`{}`:                        "/payload",
		`{"ms":"5"}`:                "/payload/ms",
		`{"ms":-1}`:                 "/payload/ms",
		`{"ms":1.5}`:                "/payload/ms",
		`{"ms":1,"a/b":2}`:          "/payload/a~1b",
		`{"ms":1,"more":2}`:         "/payload",
		`[]`:                        "/payload",
		`{"ms":1e99999999999}`:      "/payload/ms",
		`{"ms":` + nines(400) + `}`: "",
	} {
		f := s.Check(json.RawMessage(payload))
		switch {
		case field == "" && f != nil:
			t.Errorf("%.40s: %v", payload, f)
		case field != "" && (f == nil || f.Code != fault.ValidationError):
			t.Errorf("%.40s: %v, want a validation error", payload, f)
		case field != "":
			if _, ok := f.Details["fields"].(map[string]any)[field]; !ok {
				t.Errorf("%.40s: details %v do not name %s", payload, f.Details, field)
			}
		}
	}
}

func nines(n int) string { return strings.Repeat("9", n) }

func TestASchemaThatAllowsEverythingCostsNothing(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{"", "true", "{}", `{"$schema":"https://json-schema.org/draft/2020-12/schema","description":"anything"}`} {
		if f := compile(t, schema).Check(json.RawMessage("not even JSON")); f != nil {
			t.Errorf("schema %q reads the payload: %v", schema, f)
		}
	}
	if f := compile(t, "false").Check(json.RawMessage("1")); f == nil {
		t.Error("the schema false lets a payload through")
	}
}

func TestASchemaCannotReachOut(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{`{"$ref":"file:///etc/passwd"}`, `{"$ref":"http://127.0.0.1/x"}`, `{"type":"nonsense"}`, `{`} {
		if _, err := tasktype.CompileSchema(json.RawMessage(schema)); err == nil {
			t.Errorf("%s compiles", schema)
		}
	}
}

func FuzzSchema(f *testing.F) {
	f.Add(`{"type":"object","properties":{"n":{"type":"number","multipleOf":0.1}}}`, `{"n":1e40}`)
	f.Add(`{"type":"integer"}`, `1e999999999`)
	f.Fuzz(func(t *testing.T, schema, payload string) {
		if s, err := tasktype.CompileSchema(json.RawMessage(schema)); err == nil {
			if f := s.Check(json.RawMessage(payload)); f != nil && !f.Code.Known() {
				t.Errorf("code %q", f.Code)
			}
		}
	})
}
