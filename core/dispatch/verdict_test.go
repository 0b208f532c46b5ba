package dispatch

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/pluginhost"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/sdk/fault"
)

// newType makes a type with 5 retries, 1 s to 1 min.
func newType(t *testing.T, change func(*tasktype.Settings)) *tasktype.Type {
	t.Helper()
	s := tasktype.Settings{
		Name: "t", Runs: "t", Plugin: "p", Concurrency: 4, Timeout: time.Minute,
		Retry:     tasktype.Retry{Max: 5, Initial: time.Second, Cap: time.Minute},
		OnFailure: task.DeadLetter, CancelGrace: time.Second, Order: tasktype.Weighted, MaxPayload: 1 << 20,
	}
	if change != nil {
		change(&s)
	}
	typ, err := tasktype.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func TestJudge(t *testing.T) {
	t.Parallel()
	now := time.Now()
	fails := func(err *fault.Error) pluginhost.Outcome {
		return pluginhost.Outcome{Kind: pluginhost.Failed, Err: err}
	}
	after := func(code fault.Code, wait time.Duration) *fault.Error {
		return &fault.Error{Code: code, RetryAfter: wait}
	}
	for name, c := range map[string]struct {
		task    task.Task
		ending  ending
		onFail  task.Status
		outcome pluginhost.Outcome

		to               task.Status
		kind             event.Type
		retries, crashes int
		wait             time.Duration
		code             fault.Code
	}{
		"success":                       {outcome: pluginhost.Outcome{Kind: pluginhost.Completed}, to: task.Completed, kind: event.TaskCompleted},
		"success wins over a cancel":    {ending: endCancelled, outcome: pluginhost.Outcome{Kind: pluginhost.Completed}, to: task.Completed, kind: event.TaskCompleted},
		"cancelled":                     {ending: endCancelled, outcome: fails(fault.New(fault.TaskCancelled, "")), to: task.Cancelled, kind: event.TaskCancelled, code: fault.TaskCancelled},
		"killed for a cancel":           {ending: endCancelled, outcome: pluginhost.Outcome{Kind: pluginhost.Crashed}, to: task.Cancelled, kind: event.TaskCancelled, code: fault.TaskCancelled},
		"given back at a stop":          {ending: endReleased, outcome: fails(fault.New(fault.TaskCancelled, "")), to: task.Pending, kind: event.TaskReleased},
		"retried":                       {outcome: fails(fault.New(fault.NetworkError, "")), to: task.Pending, kind: event.TaskRetried, retries: 1, wait: 500 * time.Millisecond, code: fault.NetworkError},
		"back-off doubles":              {task: task.Task{RetryCount: 3}, outcome: fails(fault.New(fault.NetworkError, "")), to: task.Pending, kind: event.TaskRetried, retries: 1, wait: 4 * time.Second, code: fault.NetworkError},
		"back-off is capped":            {task: task.Task{RetryCount: 4, MaxRetries: 90}, outcome: fails(fault.New(fault.NetworkError, "")), to: task.Pending, kind: event.TaskRetried, retries: 1, wait: 8 * time.Second, code: fault.NetworkError},
		"back-off never overflows":      {task: task.Task{RetryCount: 80, MaxRetries: 90}, outcome: fails(fault.New(fault.NetworkError, "")), to: task.Pending, kind: event.TaskRetried, retries: 1, wait: 30 * time.Second, code: fault.NetworkError},
		"the plugin's wait is obeyed":   {outcome: fails(after(fault.ServiceUnavailable, 7*time.Second)), to: task.Pending, kind: event.TaskRetried, retries: 1, wait: 7 * time.Second, code: fault.ServiceUnavailable},
		"a rate limit spends no retry":  {task: task.Task{RetryCount: 5}, outcome: fails(after(fault.RateLimitExceeded, 3*time.Second)), to: task.Pending, kind: event.TaskRetried, wait: 3 * time.Second, code: fault.RateLimitExceeded},
		"retries used up":               {task: task.Task{RetryCount: 5}, outcome: fails(fault.New(fault.NetworkError, "")), to: task.DeadLetter, kind: event.TaskDeadLettered, code: fault.NetworkError},
		"used up, of a type that fails": {task: task.Task{RetryCount: 5}, onFail: task.Failed, outcome: fails(fault.New(fault.NetworkError, "")), to: task.Failed, kind: event.TaskFailed, code: fault.NetworkError},
		"not retryable":                 {outcome: fails(fault.New(fault.ValidationError, "")), to: task.DeadLetter, kind: event.TaskDeadLettered, code: fault.ValidationError},
		"retryable by wish":             {outcome: fails(&fault.Error{Code: fault.ValidationError, Retry: fault.Always, RetryAfter: time.Second}), to: task.Pending, kind: event.TaskRetried, retries: 1, wait: time.Second, code: fault.ValidationError},
		"by wish, but used up":          {task: task.Task{RetryCount: 5}, outcome: fails(&fault.Error{Code: fault.ValidationError, Retry: fault.Always}), to: task.DeadLetter, kind: event.TaskDeadLettered, code: fault.ValidationError},
		"for good by wish":              {outcome: fails(&fault.Error{Code: fault.NetworkError, Retry: fault.Never}), to: task.DeadLetter, kind: event.TaskDeadLettered, code: fault.NetworkError},
		"no time before the deadline":   {task: task.Task{Deadline: now.Add(300 * time.Millisecond)}, outcome: fails(fault.New(fault.NetworkError, "")), to: task.DeadLetter, kind: event.TaskDeadLettered, code: fault.NetworkError},
		"out of time":                   {ending: endTimedOut, outcome: fails(fault.New(fault.TaskCancelled, "")), to: task.Pending, kind: event.TaskRetried, retries: 1, wait: 500 * time.Millisecond, code: fault.TaskTimeout},
		"unknown":                       {outcome: pluginhost.Outcome{Kind: pluginhost.Unknown}, to: task.Pending, kind: event.TaskRetried, retries: 1, wait: 500 * time.Millisecond, code: fault.InternalError},
		"an unknown code":               {outcome: fails(fault.New("made_up", "")), to: task.Pending, kind: event.TaskRetried, retries: 1, wait: 500 * time.Millisecond, code: fault.InternalError},
		"crash":                         {outcome: pluginhost.Outcome{Kind: pluginhost.Crashed}, to: task.Pending, kind: event.TaskRecovered, crashes: 1, code: fault.InternalError},
		"third crash":                   {task: task.Task{CrashCount: 2}, outcome: pluginhost.Outcome{Kind: pluginhost.Crashed}, to: task.DeadLetter, kind: event.TaskDeadLettered, crashes: 1, code: fault.InternalError},
		"crash after the deadline":      {task: task.Task{Deadline: now.Add(-time.Second)}, outcome: pluginhost.Outcome{Kind: pluginhost.Crashed}, to: task.DeadLetter, kind: event.TaskDeadLettered, crashes: 1, code: fault.InternalError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.task.MaxRetries == 0 {
				c.task.MaxRetries = 5
			}
			typ := newType(t, func(s *tasktype.Settings) {
				if c.onFail != 0 {
					s.OnFailure = c.onFail
				}
			})
			a := &attempt{task: &c.task, typ: typ, ending: c.ending}
			v := judge(a, &c.outcome, now, func() float64 { return 0.5 })
			if v.to != c.to || v.kind != c.kind || v.retries != c.retries || v.crashes != c.crashes || v.wait != c.wait {
				t.Errorf("verdict %+v", v)
			}
			if !task.Running.CanBecome(v.to) {
				t.Errorf("a running task never becomes %s", v.to)
			}
			code := fault.Code("")
			if v.failure != nil {
				code = v.failure.Code
			}
			if code != c.code {
				t.Errorf("code %q, want %q", code, c.code)
			}
		})
	}
}

func TestPoisonIsNamed(t *testing.T) {
	t.Parallel()
	a := &attempt{task: &task.Task{CrashCount: crashLimit - 1}, typ: newType(t, nil)}
	v := judge(a, &pluginhost.Outcome{Kind: pluginhost.Crashed}, time.Now(), random)
	var details struct{ Reason string }
	if err := json.Unmarshal(v.failure.Details, &details); err != nil || details.Reason != "poison" {
		t.Errorf("details %s, %v", v.failure.Details, err)
	}
}
