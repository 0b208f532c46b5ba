package dispatch

import (
	"encoding/json"
	"math/rand/v2"
	"time"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/pluginhost"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/sdk/fault"
)

// crashLimit is the number of crashes after which a task is taken for the
// cause of them.
const crashLimit = 3

// verdict is what an outcome means for its task.
type verdict struct {
	to      task.Status
	kind    event.Type
	message string
	// wait before the next attempt, when to is Pending.
	wait             time.Duration
	result           json.RawMessage
	failure          *task.Failure
	retries, crashes int
	reason           string
}

// judge decides what becomes of an attempt. jitter returns a random number in
// [0, 1); now is the time of the outcome.
func judge(a *attempt, o *pluginhost.Outcome, now time.Time, jitter func() float64) verdict {
	switch {
	case o.Kind == pluginhost.Completed:
		return verdict{to: task.Completed, kind: event.TaskCompleted, message: "task completed", result: o.Result}
	case a.ending == endCancelled:
		return cancelled()
	case a.ending == endReleased:
		return released("the node stops")
	case o.Kind == pluginhost.Crashed:
		return crashed(a, now)
	}
	f := o.Err
	if f == nil {
		f = fault.New(fault.InternalError, "the plugin gave no reason")
	}
	if a.ending == endTimedOut {
		f = fault.New(fault.TaskTimeout, "the attempt ran out of time")
	}
	return failed(a, f, now, jitter)
}

// cancelled ends a task that somebody asked to end.
func cancelled() verdict {
	return verdict{
		to: task.Cancelled, kind: event.TaskCancelled, message: "task cancelled",
		failure: &task.Failure{Code: fault.TaskCancelled, Message: "the task was cancelled"},
	}
}

// cancelledWithoutWord ends such a task while its plugin still holds on to it.
func cancelledWithoutWord() verdict {
	v := cancelled()
	v.failure.Details, v.reason = json.RawMessage(`{"abandoned":true}`), "abandoned"
	return v
}

// released gives an attempt back without spending anything.
func released(why string) verdict {
	return verdict{to: task.Pending, kind: event.TaskReleased, message: "attempt given back", reason: why}
}

// crashed sends a task back after the death of its plugin's process; the third
// time the task itself is the suspect.
func crashed(a *attempt, now time.Time) verdict {
	f := &task.Failure{Code: fault.InternalError, Message: "the plugin's process ended during the attempt"}
	if a.task.CrashCount+1 >= crashLimit {
		f.Details = json.RawMessage(`{"reason":"poison"}`)
		v := final(a, f)
		v.crashes, v.reason = 1, "poison"
		return v
	}
	if passed(a.task.Deadline, now) {
		v := final(a, f)
		v.crashes = 1
		return v
	}
	return verdict{
		to: task.Pending, kind: event.TaskRecovered, message: "task came back after a crash of its plugin",
		failure: f, crashes: 1,
	}
}

// failed decides between another attempt and the end.
func failed(a *attempt, f *fault.Error, now time.Time, jitter func() float64) verdict {
	failure := failureOf(f)
	if !f.Retryable() {
		return final(a, failure)
	}
	spends := f.Code.Recovery().SpendsRetry || !f.Code.Recovery().Retryable
	if spends && a.task.RetryCount >= a.task.MaxRetries {
		return final(a, failure)
	}
	wait := f.RetryAfter
	if wait <= 0 {
		wait = backoff(a.typ.Retry, a.task.RetryCount, jitter)
	}
	if d := a.task.Deadline; !d.IsZero() && !now.Add(wait).Before(d) {
		v := final(a, failure)
		v.reason = "no time for another attempt before the deadline"
		return v
	}
	v := verdict{to: task.Pending, kind: event.TaskRetried, message: "attempt failed, will be tried again", failure: failure, wait: wait}
	if spends {
		v.retries = 1
	}
	return v
}

// final ends a task that failed for good, as its type says.
func final(a *attempt, f *task.Failure) verdict {
	to, kind, message := a.typ.GiveUp()
	return verdict{to: to, kind: kind, message: message, failure: f}
}

// backoff is full jitter: see tasktype.Retry.
func backoff(r tasktype.Retry, spent int, jitter func() float64) time.Duration {
	ceiling := r.Cap
	if spent < 32 { // beyond, any initial time is above any cap
		if d := r.Initial << spent; d > 0 && d < r.Cap {
			ceiling = d
		}
	}
	return time.Duration(jitter() * float64(ceiling))
}

func passed(deadline, now time.Time) bool {
	return !deadline.IsZero() && !now.Before(deadline)
}

// failureOf keeps of an error what may be stored and shown.
func failureOf(f *fault.Error) *task.Failure {
	out := &task.Failure{Code: f.Code, Message: f.Msg}
	if !f.Code.Known() {
		out.Code = fault.InternalError
	}
	if len(f.Details) > 0 {
		if details, err := json.Marshal(f.Details); err == nil {
			out.Details = details
		}
	}
	return out
}

// random is the jitter of production.
func random() float64 { return rand.Float64() }
