package demo_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/plugins/task-demo/demo"
	"github.com/headrace/headrace/sdk/fault"
	"github.com/headrace/headrace/sdk/plugintest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEchoKeepsEveryByte(t *testing.T) {
	t.Parallel()
	p := plugintest.Start(t, demo.Plugin())
	for _, payload := range []string{`{}`, `{"n":9007199254740993,"e":1e400}`, `[1,2]`, `"x"`, `{"b":1,"a":2}`} {
		result, failed := p.Run(t.Context(), "demo.echo", plugintest.Raw(payload))
		if failed != nil || string(result) != payload {
			t.Errorf("echo of %s: %s, %v", payload, result, failed)
		}
	}
}

func TestSleepWaitsAndTells(t *testing.T) {
	t.Parallel()
	p := plugintest.Start(t, demo.Plugin())
	result, failed := p.Run(t.Context(), "demo.sleep", demo.SleepRequest{MS: 20})
	if failed != nil {
		t.Fatal(failed)
	}
	var slept demo.SleepResult
	if err := json.Unmarshal(result, &slept); err != nil || slept.SleptMS < 20 {
		t.Errorf("slept %+v, %v", slept, err)
	}
}

func TestSleepEndsWhenItIsCancelled(t *testing.T) {
	t.Parallel()
	p := plugintest.Start(t, demo.Plugin())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, failed := p.Run(ctx, "demo.sleep", demo.SleepRequest{MS: 3_600_000})
	if failed == nil || failed.Code != fault.TaskTimeout {
		t.Errorf("a sleep past its deadline ended with %v", failed)
	}
}

func TestSleepRefusesNonsense(t *testing.T) {
	t.Parallel()
	p := plugintest.Start(t, demo.Plugin())
	for _, payload := range []string{`{"ms":-1}`, `{}`, `{"ms":"x"}`, `{"ms":1,"s":2}`, `{"ms":9223372036854775807}`} {
		_, failed := p.Run(t.Context(), "demo.sleep", plugintest.Raw(payload))
		if failed == nil || failed.Code != fault.ValidationError {
			t.Errorf("%s: %v", payload, failed)
		}
	}
}

func TestFailCountsAttempts(t *testing.T) {
	t.Parallel()
	p := plugintest.Start(t, demo.Plugin())
	tests := map[string]struct {
		payload string
		attempt int
		want    fault.Code // empty: succeeds
	}{
		"the first of two fails":              {`{"code":"network_error","times":2}`, 1, fault.NetworkError},
		"the second of two fails":             {`{"code":"network_error","times":2}`, 2, fault.NetworkError},
		"the third succeeds":                  {`{"code":"network_error","times":2}`, 3, ""},
		"times holds for final codes too":     {`{"code":"not_found","times":1}`, 1, fault.NotFound},
		"a redriven final one succeeds":       {`{"code":"not_found","times":1}`, 2, ""},
		"without times it fails for ever":     {`{"code":"task_timeout"}`, 1000, fault.TaskTimeout},
		"times 0 never fails":                 {`{"code":"task_timeout","times":0}`, 1, ""},
		"without a code the work failed":      {`{}`, 1, fault.TaskExecutionFailed},
		"an unknown code is refused":          {`{"code":"nonsense"}`, 1, fault.ValidationError},
		"a negative number of times is, too":  {`{"times":-1}`, 1, fault.ValidationError},
		"an unknown code is refused at once":  {`{"code":"nonsense","times":0}`, 1, fault.ValidationError},
		"success is possible for every code":  {`{"code":"task_cancelled","times":1}`, 2, ""},
		"a task can be told to be cancelled":  {`{"code":"task_cancelled"}`, 1, fault.TaskCancelled},
		"a rate limit is a code as any other": {`{"code":"rate_limit_exceeded"}`, 1, fault.RateLimitExceeded},
	}
	for name, tt := range tests {
		outcome := p.Do(t.Context(), plugintest.Task{
			Type: "demo.fail", Payload: plugintest.Raw(tt.payload), Attempt: tt.attempt,
		})
		switch {
		case tt.want == "" && outcome.Fault != nil:
			t.Errorf("%s: %v", name, outcome.Fault)
		case tt.want != "" && (outcome.Fault == nil || outcome.Fault.Code != tt.want):
			t.Errorf("%s: %v, want %s", name, outcome.Fault, tt.want)
		}
	}
}

func TestFailSaysItsMessage(t *testing.T) {
	t.Parallel()
	p := plugintest.Start(t, demo.Plugin())
	outcome := p.Do(t.Context(), plugintest.Task{
		Type: "demo.fail", Payload: plugintest.Raw(`{"message":"as told"}`), Attempt: 4,
	})
	if outcome.Fault == nil || outcome.Fault.Msg != "as told" || outcome.Fault.Details["attempt"] != 4.0 || !outcome.Retry {
		t.Errorf("%+v", outcome)
	}
}
