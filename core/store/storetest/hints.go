package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/task"
)

func exerciseHints(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"what waits is listed in its order":      hintsWait,
		"what has become due is listed once":     hintsDue,
		"due tasks are paged without a gap":      hintsDuePaged,
		"the running tasks of a node are listed": hintsRunning,
		"pending tasks are counted by type":      hintsDepths,
	})
}

func hintIDs(hints []task.Hint) []uuid.UUID {
	ids := make([]uuid.UUID, len(hints))
	for i := range hints {
		ids[i] = hints[i].ID
	}
	return ids
}

func hintsWait(f *fixture) {
	high := func(t *task.Task) { t.Priority = task.High }
	first := f.pending(high)
	late := f.pending(high, func(t *task.Task) { t.RunAt = t.Created.Add(soon(0).Sub(t.Created)) })
	retried := f.running(high)
	f.end(retried, task.Pending)
	f.pending(high, func(t *task.Task) { t.RunAt = soon(time.Hour) })
	f.pending(high, func(t *task.Task) { t.Deadline = soon(-time.Second) })
	f.running(high)
	f.pending()
	f.pending(high, func(t *task.Task) { t.Type = uniqueName("other") })

	hints, err := f.store.Waiting(f.ctx, f.typ, task.High, 10)
	f.ok(err)
	got := hintIDs(hints)
	slices.SortFunc(got, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	f.same("waiting", got, []uuid.UUID{first.ID, late.ID, retried.ID})
	if !slices.IsSortedFunc(hints, func(a, b task.Hint) int { return int(a.Order - b.Order) }) {
		f.Errorf("not in the order of becoming ready: %+v", hints)
	}
	for _, hint := range hints {
		t := f.get(hint.ID)
		f.same("the hint", hint, task.HintOf(&t))
	}
	hints, err = f.store.Waiting(f.ctx, f.typ, task.High, 2)
	f.ok(err)
	if len(hints) != 2 || hints[0].ID != first.ID {
		f.Errorf("a limit of 2 gives %+v", hints)
	}
}

// due returns the hints of this test's type.
func (f *fixture) due(after time.Time, limit int) ([]task.Hint, time.Time) {
	f.Helper()
	hints, now, err := f.store.Due(f.ctx, after, limit)
	f.ok(err)
	if now.Before(after) {
		f.Fatalf("now %s is before %s", now, after)
	}
	return slices.DeleteFunc(hints, func(h task.Hint) bool { return h.Type != f.typ }), now
}

func hintsDue(f *fixture) {
	at := func(in time.Duration) func(*task.Task) {
		return func(t *task.Task) { t.RunAt = soon(in) }
	}
	past := f.pending(at(-time.Hour))
	near := f.pending(at(150 * time.Millisecond))
	f.pending(at(time.Hour))
	f.pending()

	hints, now := f.due(time.Time{}, 10_000)
	f.same("due at first", hints, []task.Hint{task.HintOf(&past)})
	if since := time.Since(now); since < -time.Minute || since > time.Minute {
		f.Errorf("now is %s", now)
	}
	var found []task.Hint
	f.eventually("the second is due", func() bool {
		hints, now = f.due(now, 10_000)
		found = append(found, hints...)
		return len(found) > 0
	})
	f.same("due later", found, []task.Hint{task.HintOf(&near)})
	hints, _ = f.due(now, 10_000)
	f.same("due after that", hints, []task.Hint{})
}

func hintsDuePaged(f *fixture) {
	base := soon(-24 * time.Hour)
	var want []uuid.UUID
	for i := range 30 {
		t := f.pending(func(t *task.Task) { t.RunAt = base.Add(time.Duration(i/3) * time.Millisecond) })
		want = append(want, t.ID)
	}
	var got []uuid.UUID
	for after := base.Add(-time.Second); after.Before(base.Add(time.Minute)); {
		hints, now := f.due(after, 4)
		if !now.After(after) {
			f.Fatalf("no progress beyond %s", after)
		}
		got, after = append(got, hintIDs(hints)...), now
	}
	f.same("due", got, want)
}

func hintsRunning(f *fixture) {
	owner := f.node(longLease)
	tasks := f.claim(owner, f.many(5)...)
	f.running()
	f.end(tasks[0], task.Completed)
	f.end(tasks[1], task.Pending)
	got, err := f.store.RunningOn(f.ctx, owner, 10)
	f.ok(err)
	f.same("running", got, tasks[2:])
	got, err = f.store.RunningOn(f.ctx, owner, 2)
	f.ok(err)
	f.same("running, two of them", got, tasks[2:4])
}

func hintsDepths(f *fixture) {
	tasks := f.many(6)
	f.end(f.run(tasks[0]), task.Pending)
	f.run(tasks[1])
	f.end(f.run(tasks[2]), task.DeadLetter)
	f.cancel(tasks[3].ID)
	depths, err := f.store.Depths(f.ctx)
	f.ok(err)
	if depths[f.typ] != 3 {
		f.Errorf("%d are pending, want 3", depths[f.typ])
	}
}
