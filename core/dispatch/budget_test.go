package dispatch

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/headrace/headrace/core/pluginhost"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

var epoch = time.Unix(1_000_000, 0)

func TestRetriesWithinTheFloorAreNotDelayed(t *testing.T) {
	t.Parallel()
	b := newBudget(epoch)
	for i := range int(retryFloor * retryWindow.Seconds()) {
		if extra := b.book(epoch); extra != 0 {
			t.Fatalf("retry %d is delayed by %s", i, extra)
		}
	}
	if extra := b.book(epoch); extra <= 0 {
		t.Error("the floor has no end")
	}
}

func TestRetriesOfAStormAreSpreadAtTheBudgetsRate(t *testing.T) {
	t.Parallel()
	b := newBudget(epoch)
	const storm = 5000
	late := map[int]int{} // retries by the second in which they run
	for range storm {
		late[int(b.book(epoch)/time.Second)]++
	}
	for second, n := range late {
		if second > 0 && float64(n) > retryFloor+1 {
			t.Errorf("%d retries in second %d, the budget allows %g", n, second, retryFloor)
		}
	}
}

func TestFirstAttemptsPayForRetries(t *testing.T) {
	t.Parallel()
	rate := func(firsts int) (retries int) {
		b := newBudget(epoch)
		for range firsts {
			b.first(epoch)
		}
		for b.book(epoch) == 0 {
			retries++
		}
		return retries
	}
	idle, working := rate(0), rate(10_000)
	if more := working - idle; more < 1990 || more > 2010 { // a fifth
		t.Errorf("10,000 first attempts pay for %d retries, want 2,000", more)
	}
}

func TestBudgetForgetsOldFirstAttempts(t *testing.T) {
	t.Parallel()
	b := newBudget(epoch)
	for range 10_000 {
		b.first(epoch)
	}
	later := epoch.Add(retryWindow + time.Second)
	retries := 0
	for b.book(later) == 0 {
		retries++
	}
	if want := int(retryFloor * retryWindow.Seconds()); retries > want+1 {
		t.Errorf("%d retries, want the floor's %d", retries, want)
	}
	b.advance(epoch) // a clock that goes back breaks nothing
	if b.book(epoch) < 0 {
		t.Error("a negative delay")
	}
}

// spend books retries until the next one would have to wait for so long.
func spend(b *budget, wait time.Duration) {
	for late := time.Duration(0); late < wait; {
		late = b.book(time.Now())
	}
}

func TestRetryBeyondTheBudgetIsDelayedAndNeverLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.add(1, nil)[0]
		d, stop := w.start(t, func(s *tasktype.Settings) {
			s.Retry = tasktype.Retry{Max: 5, Initial: time.Millisecond, Cap: time.Millisecond}
		})
		spend(d.lanes["t"].budget, time.Minute)
		before := time.Now()
		w.answer(pluginhost.Failed)
		synctest.Wait()
		got := w.task(id)
		if got.Status != task.Pending || got.RetryCount != 1 || got.RunAt.Before(before.Add(time.Minute)) {
			t.Errorf("%s with %d retries, to run in %s", got.Status, got.RetryCount, got.RunAt.Sub(before))
		}
		if reason := d.WaitReason(&got); reason != "retry" {
			t.Errorf("wait reason %q", reason)
		}
		stop()
	})
}

func TestRationNeverMovesARetryOverItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.add(1, func(one *task.Task) { one.Deadline = time.Now().Add(20 * time.Second) })[0]
		d, stop := w.start(t, func(s *tasktype.Settings) {
			s.Retry = tasktype.Retry{Max: 5, Initial: time.Millisecond, Cap: time.Millisecond}
		})
		spend(d.lanes["t"].budget, time.Minute)
		w.answer(pluginhost.Failed)
		synctest.Wait()
		if got := w.task(id); got.Status != task.Pending || !got.RunAt.Before(got.Deadline) {
			t.Errorf("%s, to run %s before its deadline", got.Status, got.Deadline.Sub(got.RunAt))
		}
		stop()
	})
}
