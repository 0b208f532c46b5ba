package dispatch

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/pluginhost"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/sdk/fault"
)

// fakeGate grants what it has; ticket goes with it.
type fakeGate struct {
	mu                sync.Mutex
	left, asked       int
	closed            bool
	ticket            int64
	again             time.Duration
	back              int
	ok, failed, other int
}

func (g *fakeGate) Permit(_ context.Context, _ string, n int) (int, int64, time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked++
	if g.closed {
		return 0, g.ticket, g.again
	}
	granted := min(n, g.left)
	g.left -= granted
	return granted, g.ticket, g.again
}

func (g *fakeGate) Return(_ string, ticket int64, n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ticket == g.ticket {
		g.left += n
		g.back += n
	}
}

func (g *fakeGate) Observe(_ string, ticket int64, ok, failed, other int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ticket == g.ticket {
		g.ok, g.failed, g.other = g.ok+ok, g.failed+failed, g.other+other
	}
}

func (g *fakeGate) Holds(string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.left == 0
}

func (g *fakeGate) set(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
}

// gated is the change that puts gates before a dispatcher's lanes.
func gated(gates ...*fakeGate) func(*Config) {
	return func(c *Config) {
		for _, g := range gates {
			c.Gates = append(c.Gates, NamedGate{Gate: g, Reason: "rate_limited"})
		}
	}
}

func TestAGateIsAskedFirstAndAgainInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ids := w.add(4, nil)
		gate := &fakeGate{left: 1, ticket: 7, again: 100 * time.Millisecond}
		d, stop := w.start(t, nil, gated(gate))
		if w.count() != 1 {
			t.Fatalf("%d inside, the gate let one through", w.count())
		}
		waiting := w.task(ids[3])
		if reason := d.WaitReason(&waiting); waiting.Status != task.Pending || reason != "rate_limited" {
			t.Errorf("%s waits because of %q", waiting.Status, reason)
		}
		after(time.Second) // no busy loop: ten looks
		if gate.asked > 15 {
			t.Errorf("asked %d times in a second, to ask again after 100 ms", gate.asked)
		}
		gate.set(func() { gate.left = 2 })
		after(100 * time.Millisecond)
		if w.count() != 3 {
			t.Errorf("%d inside after 100 ms, want 3", w.count())
		}
		gate.set(func() { gate.left = 10 })
		after(100 * time.Millisecond)
		w.answer(pluginhost.Completed)
		stop()
		if gate.ok != 4 || gate.left != 9 {
			t.Errorf("%d successes reported, %d left of 9", gate.ok, gate.left)
		}
	})
}

func TestWhatALaterGateRefusesGoesBackToTheEarlier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.add(4, nil)
		first, second := &fakeGate{left: 4, again: time.Second}, &fakeGate{left: 1, again: time.Second}
		_, stop := w.start(t, nil, gated(first, second))
		if w.count() != 1 || first.left != 3 {
			t.Errorf("%d inside, %d left at the first gate, want 1 and 3", w.count(), first.left)
		}
		w.answer(pluginhost.Completed)
		stop()
	})
}

func TestOnlyFaultsOfTheDestinationAreFailures(t *testing.T) {
	for name, c := range map[string]struct {
		outcome           pluginhost.Outcome
		ok, failed, other int
	}{
		"completed":            {pluginhost.Outcome{Kind: pluginhost.Completed}, 1, 0, 0},
		"a network error":      {failure(fault.NetworkError), 0, 1, 0},
		"no service":           {failure(fault.ServiceUnavailable), 0, 1, 0},
		"a time-out":           {failure(fault.TaskTimeout), 0, 1, 0},
		"too many requests":    {failure(fault.RateLimitExceeded), 0, 0, 1},
		"the caller's fault":   {failure(fault.ValidationError), 0, 0, 1},
		"bad credentials":      {failure(fault.Unauthorized), 0, 0, 1},
		"the plugin's code":    {failure(fault.TaskExecutionFailed), 0, 0, 1},
		"a panic":              {failure(fault.InternalError), 0, 0, 1},
		"a crash":              {pluginhost.Outcome{Kind: pluginhost.Crashed, Blame: fault.BlamePlugin}, 0, 0, 1},
		"a plugin was stopped": {pluginhost.Outcome{Kind: pluginhost.Unknown, Err: fault.New(fault.ServiceUnavailable, "x"), Blame: fault.BlameNobody}, 0, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.add(1, nil)
				gate := &fakeGate{left: 1, ticket: 3, again: time.Hour}
				_, stop := w.start(t, nil, gated(gate))
				w.mu.Lock()
				c.outcome.ID, c.outcome.Attempt = w.inside[0].ID, w.inside[0].Attempt
				w.mu.Unlock()
				w.sink.Ended([]pluginhost.Outcome{c.outcome})
				stop()
				if gate.ok != c.ok || gate.failed != c.failed || gate.other != c.other {
					t.Errorf("ok %d, failed %d, other %d", gate.ok, gate.failed, gate.other)
				}
			})
		})
	}
}

func failure(code fault.Code) pluginhost.Outcome {
	return pluginhost.Outcome{Kind: pluginhost.Failed, Err: fault.New(code, "x"), Blame: code.Recovery().Blame}
}

func TestATimeOutThatThePluginIgnoresIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.add(1, nil)
		gate := &fakeGate{left: 1, again: time.Hour}
		_, stop := w.start(t, func(s *tasktype.Settings) { s.Timeout = 5 * time.Second }, gated(gate))
		after(10 * time.Second)
		w.answer(pluginhost.Completed)
		stop()
		if gate.failed != 1 || gate.ok+gate.other != 0 {
			t.Errorf("ok %d, failed %d, other %d", gate.ok, gate.failed, gate.other)
		}
	})
}

func TestWhatWasClaimedAheadGoesBackWhenAGateCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ids := w.add(200, nil)
		gate := &fakeGate{left: 1000}
		d, stop := w.start(t, nil, gated(gate))
		w.quick(3) // short tasks are claimed ahead
		gate.set(func() { gate.closed, gate.again = true, time.Hour })
		spent := gate.back
		d.Withhold("t", "the gate closed")
		synctest.Wait()
		running, released := 0, 0
		for _, id := range ids {
			if got := w.task(id); got.Status == task.Running {
				running++
			} else if got.RetryCount != 0 {
				t.Error("a retry was spent")
			}
		}
		for _, e := range w.events {
			if e.Type == event.TaskReleased {
				released++
			}
		}
		if running != 4 || released == 0 || gate.back-spent != released {
			t.Errorf("%d still run, want the 4 inside; %d were released, %d permits came back", running, released, gate.back-spent)
		}
		w.answer(pluginhost.Completed)
		stop()
	})
}
