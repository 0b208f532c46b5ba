package pluginhost

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/sdk/fault"
)

func TestRunsGroupsOfTasksAndStops(t *testing.T) {
	t.Parallel()
	r := start(t, "")
	if !r.Active("fake") {
		t.Fatal(r.status().LastError)
	}
	for range 5 {
		keys := r.submit(slices.Repeat([]string{"echo"}, 64)...)
		for _, o := range r.await(keys) {
			if o.Kind != Completed || string(o.Result) != `"echo"` {
				t.Fatalf("outcome %+v", o)
			}
		}
	}
	s := r.status()
	if s.State != StateActive || s.Version != "1.0" || s.PID == 0 || s.InFlight != 0 || len(s.SHA256) != 64 {
		t.Errorf("status %+v", s)
	}
	r.stop()
	if s = r.status(); s.State != StateStopped || s.PID != 0 {
		t.Errorf("after the stop: %+v", s)
	}
	if err := r.Submit("fake", make([]Assignment, 1), r.sink); !errors.Is(err, ErrNotActive) {
		t.Errorf("submit after the stop: %v", err)
	}
}

func TestAnswersKeepTheirMeaning(t *testing.T) {
	t.Parallel()
	r := start(t, "")
	failed := r.await(r.submit("large-fail"))[0]
	if failed.Kind != Failed || failed.Err.Code != fault.NetworkError || failed.Blame != fault.BlameDestination || failed.Err.RetryAfter.Milliseconds() != 1500 {
		t.Errorf("failure %+v", failed)
	}
	r.await(r.submit("talk"))
	r.sink.mu.Lock()
	defer r.sink.mu.Unlock()
	if len(r.sink.progress) != 1 || r.sink.progress[0].Fraction != 0.5 || r.sink.progress[0].Note != `half\x0a` {
		t.Errorf("progress %+v", r.sink.progress)
	}
	if len(r.sink.logs) != 1 || r.sink.logs[0].Message != `bell\x07` || r.sink.logs[0].Level != hclog.Warn {
		t.Errorf("logs %+v", r.sink.logs)
	}
}

func TestCancelReachesTheAttempt(t *testing.T) {
	t.Parallel()
	r := start(t, "")
	keys := r.submit("hang", "hang")
	r.Cancel("fake", keys[:1], ReasonTimeout)
	o := r.await(keys[:1])[0]
	if o.Err == nil || o.Err.Code != fault.TaskCancelled || !strings.Contains(o.Err.Msg, "TIMEOUT") {
		t.Errorf("outcome %+v", o)
	}
	if len(r.sink.get(keys[1])) != 0 {
		t.Error("the other attempt ended too")
	}
}

func TestHostileAnswersCostTheirOwnAttemptOnly(t *testing.T) {
	t.Parallel()
	r := start(t, "")
	keys := r.submit("twice", "unknown-seq", "large", "echo")
	kinds := []OutcomeKind{}
	for _, o := range r.await(keys) {
		kinds = append(kinds, o.Kind)
	}
	if !slices.Equal(kinds, []OutcomeKind{Completed, Completed, Failed, Completed}) {
		t.Errorf("kinds %v", kinds)
	}
	if s := r.status(); s.Strays != 2 || s.Restarts != 0 {
		t.Errorf("%d strays, %d restarts", s.Strays, s.Restarts)
	}
}

func TestTooLargeTaskFailsAlone(t *testing.T) {
	t.Parallel()
	r := start(t, "")
	huge := Assignment{Attempt: 1, Type: "echo", Payload: make([]byte, maxAssignment)}
	if err := r.Submit("fake", []Assignment{huge}, r.sink); err != nil {
		t.Fatal(err)
	}
	keys := append([]AttemptKey{huge.Key()}, r.submit("echo")...)
	got := r.await(keys)
	if got[0].Kind != Failed || got[0].Err.Code != fault.InvalidInput || got[1].Kind != Completed {
		t.Errorf("outcomes %+v", got)
	}
}

func TestSubmitRefuses(t *testing.T) {
	t.Parallel()
	r := start(t, "")
	if err := r.Submit("other", nil, r.sink); !errors.Is(err, ErrUnknownSlot) {
		t.Errorf("unknown slot: %v", err)
	}
	twice := []Assignment{{Attempt: 1, Type: "hang"}, {Attempt: 1, Type: "hang"}}
	if err := r.Submit("fake", twice, r.sink); !errors.Is(err, ErrDuplicate) {
		t.Errorf("twice in a batch: %v", err)
	}
	if n := r.status().InFlight; n != 0 {
		t.Errorf("%d in flight after a refused batch", n)
	}
}
