package dispatch

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headrace/headrace/core/pluginhost"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

// ClaimWithin counts what runs in the world and elsewhere.
func (w *world) ClaimWithin(ctx context.Context, req task.ClaimRequest, limit task.RunningLimit) (task.LimitedClaim, error) {
	w.mu.Lock()
	w.limited++
	if w.busy {
		w.mu.Unlock()
		return task.LimitedClaim{Busy: true}, nil
	}
	running := w.elsewhere
	for _, t := range w.tasks {
		if t.Status == task.Running {
			running++
		}
	}
	room := max(0, limit.Most-running)
	var free []int
	for i, id := range req.IDs {
		if t := w.tasks[id]; t != nil && t.Status == task.Pending && len(free) < room {
			free = append(free, i)
		}
	}
	w.mu.Unlock()
	trimmed := req
	trimmed.IDs = nil
	for _, i := range free {
		trimmed.IDs = append(trimmed.IDs, req.IDs[i])
	}
	tasks, err := w.Claim(ctx, trimmed)
	return task.LimitedClaim{Tasks: tasks, Full: len(tasks) == room}, err
}

// atMost limits the type over all nodes.
func atMost(n int) func(*tasktype.Settings) {
	return func(s *tasktype.Settings) { s.MaxRunning = n }
}

func (w *world) claims() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.limited
}

func TestLimitOverAllNodesIsKeptAndUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ids := w.add(9, nil)
		w.elsewhere = 1
		_, stop := w.start(t, atMost(3)) // of which one is taken elsewhere
		for range 4 {
			if n := w.count(); n != 2 {
				t.Fatalf("%d inside, want 2", n)
			}
			w.answer(pluginhost.Completed)
			synctest.Wait()
		}
		w.answer(pluginhost.Completed)
		stop()
		for _, id := range ids {
			if got := w.task(id); got.Status != task.Completed {
				t.Errorf("task %s is %s", id, got.Status)
			}
		}
		if len(w.freed) == 0 {
			t.Error("the other nodes were not told of free places")
		}
	})
}

func TestFullLaneDoesNotSpinAndSaysWhyItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ids := w.add(5, nil)
		w.elsewhere = 2
		d, stop := w.start(t, atMost(2))
		after(10 * time.Second)
		if n := w.claims(); n > 10 { // the poll is 2 s
			t.Errorf("%d claims in 10 s while the limit was reached", n)
		}
		before := w.claims()
		for range 100 {
			d.Wake("t") // what comes in does not make it look either
		}
		synctest.Wait()
		if n := w.claims(); n != before {
			t.Errorf("%d claims for nothing", n-before)
		}
		waiting := w.task(ids[0])
		if reason := d.WaitReason(&waiting); reason != "concurrency" {
			t.Errorf("wait reason %q", reason)
		}
		w.set(func() { w.elsewhere = 1 })
		d.PlaceFree("t") // another node tells
		synctest.Wait()
		if w.count() != 1 {
			t.Errorf("%d inside after a place became free elsewhere", w.count())
		}
		w.set(func() { w.elsewhere = 0 })
		after(3 * time.Second) // nobody tells: the poll finds it
		if w.count() != 2 {
			t.Errorf("%d inside after the poll", w.count())
		}
		stopAnswering(w, stop)
	})
}

// stopAnswering stops a dispatcher whose plugin ends what it has, again and again.
func stopAnswering(w *world, stop func()) {
	w.set(func() { w.ready = nil })
	w.answer(pluginhost.Completed)
	stop()
}

func TestBusyTypeIsTriedAgainSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.add(1, nil)
		w.busy = true
		_, stop := w.start(t, atMost(2))
		after(100 * time.Millisecond)
		if n := w.claims(); n < 5 || n > 50 {
			t.Errorf("%d claims in 100 ms while another node claims", n)
		}
		w.set(func() { w.busy = false })
		after(20 * time.Millisecond)
		if w.count() != 1 {
			t.Errorf("%d inside", w.count())
		}
		stopAnswering(w, stop)
	})
}

func TestLimitedTypeNeverClaimsAhead(t *testing.T) {
	t.Parallel()
	typ := newType(t, atMost(3))
	l := &lane{typ: typ}
	l.pace.ended(1000, time.Millisecond) // so short that others would claim ahead
	if n := l.room(); n != 3 {
		t.Errorf("room for %d, want 3", n)
	}
	l.held.Store(3)
	if n := l.room(); n > 0 {
		t.Errorf("room for %d beyond the places", n)
	}
}

func TestPlaceThatFreesDuringAClaimIsNotOverlooked(t *testing.T) {
	t.Parallel()
	l := &lane{typ: newType(t, atMost(1))}
	l.filled(l.frees.Load())
	if !l.full.Load() {
		t.Error("not full")
	}
	before := l.frees.Load()
	l.frees.Add(1) // between the count of the claim and its answer
	l.filled(before)
	if l.full.Load() || !l.more.Load() {
		t.Error("the place is overlooked")
	}
}

func TestReachTellsWhichHintsWereTried(t *testing.T) {
	t.Parallel()
	hints := []task.Hint{{ID: task.NewID()}, {ID: task.NewID()}, {ID: task.NewID()}}
	for want, claim := range map[int]task.LimitedClaim{
		0: {Full: true},
		2: {Full: true, Tasks: []task.Task{{ID: hints[1].ID}}},
		3: {Tasks: []task.Task{{ID: hints[0].ID}}},
	} {
		if got := reach(hints, &claim); got != want {
			t.Errorf("%+v: tried %d, want %d", claim, got, want)
		}
	}
}

func TestPausedTypeIsNotClaimedAndGivesBackWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.add(12, nil)
		d, stop := w.start(t, nil) // 4 at a time
		typ := d.lanes["t"].typ
		pauses := pausesOf(t, d)
		if _, err := pauses.Pause(t.Context(), tasktype.Pause{Type: "t", Reason: "x"}, tasktype.Actor{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if w.count() != 4 {
			t.Fatalf("%d inside: what runs goes on", w.count())
		}
		w.answer(pluginhost.Completed)
		after(10 * time.Second)
		if w.count() != 0 || typ.Load() != 0 {
			t.Errorf("%d inside of a paused type", w.count())
		}
		w.mu.Lock()
		var waiting task.Task
		for _, one := range w.tasks {
			if one.Status == task.Running {
				t.Errorf("task %s was not given back", one.ID)
			}
			if one.Status == task.Pending {
				waiting = *one
			}
		}
		w.mu.Unlock()
		if reason := d.WaitReason(&waiting); reason != "paused" {
			t.Errorf("wait reason %q", reason)
		}
		if err := pauses.Resume(t.Context(), "t", tasktype.Actor{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if w.count() != 4 {
			t.Errorf("%d inside after the pause", w.count())
		}
		stopAnswering(w, stop)
	})
}

func TestSlotGivesBackWhatWaitsOfOneType(t *testing.T) {
	t.Parallel()
	one, other := newType(t, nil), newType(t, nil)
	s := newSlot()
	suspect := func(typ *tasktype.Type) *attempt { return &attempt{typ: typ, task: &task.Task{CrashCount: 1}} }
	s.waiting[one] = []*attempt{{typ: one}, {typ: one}}
	s.waiting[other] = []*attempt{{typ: other}}
	s.suspects = []*attempt{suspect(one), suspect(other)}
	if got := s.withdraw(one); len(got) != 3 {
		t.Errorf("%d given back, want 3", len(got))
	}
	if len(s.waiting[other]) != 1 || len(s.suspects) != 1 || s.suspects[0].typ != other {
		t.Error("another type lost its own")
	}
	if again := s.withdraw(one); len(again) != 0 {
		t.Errorf("%d left", len(again))
	}
}
