package storetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

func exerciseSettle(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"a completed task is kept with its result":           settleCompletes,
		"an empty result is none":                            settleWithoutResult,
		"other ends keep the error and add to the counts":    settleFails,
		"a retry waits for its time and keeps the error":     settleRetries,
		"a release waits at once and spends nothing":         settleReleases,
		"a result that comes late changes nothing":           settleLate,
		"a task whose end was asked for does not wait again": settleAfterCancel,
		"each of a group has its own fate":                   settleGroup,
		"one task twice in a group is settled once":          settleTwice,
		"what is no settlement is refused":                   settleRefuses,
		"a value that cannot be kept blames the data":        settleRefusesValues,
		"an empty group is no error":                         settleNothing,
	})
}

func settleCompletes(f *fixture) {
	t := f.running(fullTask)
	item := settlement(t, task.Completed)
	item.Result = json.RawMessage(`{"big":  9007199254740993}`)
	if fate := f.settle(item); fate != task.SettledNow {
		f.Fatalf("fate %d", fate)
	}
	got := f.get(t.ID)
	if got.CompletedAt.Before(t.StartedAt) || got.Updated.Before(got.CompletedAt) {
		f.Errorf("started %s, completed %s, updated %s", t.StartedAt, got.CompletedAt, got.Updated)
	}
	want := t
	want.Status, want.NodeID, want.Result = task.Completed, uuid.Nil, item.Result
	want.CompletedAt, want.Updated = got.CompletedAt, got.Updated
	f.same("the task", got, want)
	f.same("the result", string(got.Result), string(item.Result))
	f.wantTrail(t.ID, event.TaskCreated, event.TaskCompleted)
}

func settleWithoutResult(f *fixture) {
	t := f.running()
	item := settlement(t, task.Completed)
	item.Result = nil
	f.settle(item)
	if got := f.get(t.ID); got.Status != task.Completed || len(got.Result) > 0 {
		f.Errorf("%s, result %q", got.Status, got.Result)
	}
}

func settleFails(f *fixture) {
	for _, to := range []task.Status{task.Failed, task.DeadLetter, task.Cancelled} {
		t := f.running()
		item := settlement(t, to)
		item.Retries, item.Crashes, item.Lapses = 1, 2, 3
		if fate := f.settle(item); fate != task.SettledNow {
			f.Fatalf("%s: fate %d", to, fate)
		}
		got := f.get(t.ID)
		want := t
		want.Status, want.NodeID, want.Error = to, uuid.Nil, away()
		want.RetryCount, want.CrashCount, want.LapseCount = 1, 2, 3
		want.CompletedAt, want.Updated = got.CompletedAt, got.Updated
		f.same(to.String(), got, want)
		if to.Final() == got.CompletedAt.IsZero() {
			f.Errorf("%s: completed_at %s", to, got.CompletedAt)
		}
		f.wantTrail(t.ID, event.TaskCreated, eventOf(to))
	}
}

func settleRetries(f *fixture) {
	t := f.running()
	item := settlement(t, task.Pending)
	item.RunAt, item.Error, item.Retries = soon(time.Hour), away(), 1
	if fate := f.settle(item); fate != task.SettledNow {
		f.Fatalf("fate %d", fate)
	}
	got := f.get(t.ID)
	want := t
	want.Status, want.NodeID, want.RunAt, want.Error, want.RetryCount = task.Pending, uuid.Nil, item.RunAt, away(), 1
	want.Updated = got.Updated
	f.same("the task", got, want)
	if claimed := f.claim(f.node(longLease), t); len(claimed) > 0 {
		f.Errorf("claimed before its time")
	}
	f.wantTrail(t.ID, event.TaskCreated, event.TaskRetried)
}

func settleReleases(f *fixture) {
	t := f.running(func(t *task.Task) { t.RunAt = soon(-time.Minute) })
	retry := settlement(t, task.Pending)
	retry.Error, retry.Retries, retry.RunAt = away(), 1, soon(-time.Second)
	f.settle(retry)
	t = f.run(t)
	release := settlement(t, task.Pending)
	release.Crashes, release.Lapses = 1, 1
	f.settle(release)
	got := f.get(t.ID)
	if got.RetryCount != 1 || got.CrashCount != 1 || got.LapseCount != 1 || !got.RunAt.IsZero() {
		f.Errorf("after the release: %+v", got)
	}
	f.same("the error of before", got.Error, away())
	f.run(t)
}

func settleLate(f *fixture) {
	t := f.running()
	stale := settlement(t, task.Completed)
	f.end(t, task.Pending)
	if fate := f.settle(stale); fate != task.SettledLate {
		f.Errorf("a task that waits: fate %d", fate)
	}
	t = f.run(t)
	for _, to := range []task.Status{task.Completed, task.Pending, task.DeadLetter} {
		stale.To, stale.Event = to, t.Event(eventOf(to), "late", t.EventMetadata())
		if fate := f.settle(stale); fate != task.SettledLate {
			f.Errorf("an older attempt, to %s: fate %d", to, fate)
		}
	}
	f.end(t, task.Completed)
	for _, late := range []task.Task{t, f.submission(func(t *task.Task) { t.Status, t.Attempt = task.Running, 1 }).Task} {
		if fate := f.settle(settlement(late, task.Failed)); fate != task.SettledLate {
			f.Errorf("ended or unknown: fate %d", fate)
		}
	}
	f.wantTrail(t.ID, event.TaskCreated, event.TaskRetried, event.TaskCompleted)
	if got := f.get(t.ID); got.Status != task.Completed || got.Error != nil {
		f.Errorf("a late result changed the task: %+v", got)
	}
}

func settleAfterCancel(f *fixture) {
	t := f.running()
	f.cancel(t.ID)
	if fate := f.settle(settlement(t, task.Pending)); fate != task.SettledCancel {
		f.Fatalf("fate %d, want SettledCancel", fate)
	}
	stale := settlement(t, task.Pending)
	stale.Attempt--
	if fate := f.settle(stale); fate != task.SettledLate {
		f.Errorf("an older attempt: fate %d", fate)
	}
	if got := f.get(t.ID); got.Status != task.Running || !got.CancelRequested {
		f.Errorf("the attempt is gone: %+v", got)
	}
	f.end(t, task.Cancelled)
	f.wantTrail(t.ID, event.TaskCreated, event.TaskCancelRequested, event.TaskCancelled)

	done := f.running()
	f.cancel(done.ID)
	f.end(done, task.Completed)
}

func settleGroup(f *fixture) {
	var items []task.Settlement
	for _, to := range []task.Status{task.Completed, task.Pending, task.DeadLetter, task.Failed, task.Cancelled} {
		items = append(items, settlement(f.running(), to))
	}
	late, asked := settlement(f.running(), task.Completed), f.running()
	late.Attempt = 9
	f.cancel(asked.ID)
	items = append(items, late, settlement(asked, task.Pending))
	fates, err := f.store.Settle(f.ctx, items)
	f.ok(err)
	f.same("fates", fates, []task.Settled{
		task.SettledNow, task.SettledNow, task.SettledNow, task.SettledNow, task.SettledNow, task.SettledLate, task.SettledCancel,
	})
	for i := range items[:5] {
		if got := f.get(items[i].ID); got.Status != items[i].To {
			f.Errorf("item %d is %s, want %s", i, got.Status, items[i].To)
		}
		f.wantTrail(items[i].ID, event.TaskCreated, eventOf(items[i].To))
	}
}

func settleTwice(f *fixture) {
	for _, second := range []task.Status{task.Completed, task.Pending} {
		t := f.running()
		fates, err := f.store.Settle(f.ctx, []task.Settlement{settlement(t, task.Completed), settlement(t, second)})
		f.ok(err)
		if (fates[0] == task.SettledNow) == (fates[1] == task.SettledNow) {
			f.Errorf("fates %v: want one to hold", fates)
		}
		if trail := f.trail(t.ID); len(trail) != 2 {
			f.Errorf("events %v", trail)
		}
	}
}

func settleRefuses(f *fixture) {
	for _, step := range [][2]task.Status{
		{task.Pending, task.Completed},
		{task.Pending, task.Running},
		{task.Running, task.Running},
		{task.DeadLetter, task.Pending},
		{task.Completed, task.Pending},
		{task.Pending, task.Cancelled},
	} {
		t := f.pending()
		item := settlement(t, step[1])
		item.From = step[0]
		_, err := f.store.Settle(f.ctx, []task.Settlement{item})
		f.refused(err)
	}
}

func settleRefusesValues(f *fixture) {
	good, bad := f.running(), f.running()
	item := settlement(bad, task.Completed)
	item.Result = json.RawMessage(`{`)
	_, err := f.store.Settle(f.ctx, []task.Settlement{settlement(good, task.Completed), item})
	f.refused(err)
	if got := f.get(good.ID); got.Status != task.Running {
		f.Errorf("a neighbour is %s", got.Status)
	}
	f.end(good, task.Completed)
}

func settleNothing(f *fixture) {
	fates, err := f.store.Settle(f.ctx, nil)
	f.ok(err)
	if len(fates) != 0 {
		f.Errorf("%d fates for no item", len(fates))
	}
}

func exerciseExpiry(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"a task whose deadline has passed expires": func(f *fixture) {
			for _, to := range []task.Status{task.DeadLetter, task.Failed} {
				t := f.pending(func(t *task.Task) { t.Deadline = soon(-time.Second) })
				f.end(t, to)
				got := f.get(t.ID)
				if got.Status != to || got.Error == nil || got.Attempt != 0 {
					f.Errorf("after its expiry: %+v", got)
				}
				f.wantTrail(t.ID, event.TaskCreated, eventOf(to))
			}
		},
		"a task before its deadline, or without one, does not": func(f *fixture) {
			for _, deadline := range []time.Time{soon(time.Hour), {}} {
				t := f.pending(func(t *task.Task) { t.Deadline = deadline })
				for _, to := range []task.Status{task.DeadLetter, task.Failed} {
					if fate := f.settle(settlement(t, to)); fate != task.SettledLate {
						f.Errorf("deadline %s, to %s: fate %d", deadline, to, fate)
					}
				}
				f.wantTrail(t.ID, event.TaskCreated)
			}
		},
		"a task that was claimed meanwhile does not": func(f *fixture) {
			t := f.pending(func(t *task.Task) { t.Deadline = soon(2 * time.Second) })
			running := f.run(t)
			f.eventually("the deadline passes", func() bool { return time.Now().After(t.Deadline.Add(10 * time.Millisecond)) })
			if fate := f.settle(settlement(t, task.DeadLetter)); fate != task.SettledLate {
				f.Errorf("fate %d", fate)
			}
			f.end(running, task.Completed)
		},
		"what is overdue is listed, the longest first": func(f *fixture) {
			late := f.pending(func(t *task.Task) { t.Deadline = soon(-time.Second) })
			later := f.pending(func(t *task.Task) { t.Deadline = soon(-time.Minute) })
			f.pending(func(t *task.Task) { t.Deadline = soon(time.Hour) })
			f.pending()
			var mine []uuid.UUID
			tasks, err := f.store.Overdue(f.ctx, 1000)
			f.ok(err)
			for i := range tasks {
				if tasks[i].Type == f.typ {
					mine = append(mine, tasks[i].ID)
				}
			}
			f.same("overdue", mine, []uuid.UUID{later.ID, late.ID})
			one, err := f.store.Overdue(f.ctx, 1)
			f.ok(err)
			if len(one) != 1 {
				f.Errorf("a limit of 1 gives %d", len(one))
			}
		},
	})
}

func exerciseCancel(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"a pending task ends": func(f *fixture) {
			want := f.pending(fullTask)
			got, outcome := f.cancel(want.ID)
			if outcome != task.CancelDone || got.CompletedAt.IsZero() {
				f.Fatalf("outcome %d, completed %s", outcome, got.CompletedAt)
			}
			want.Status, want.CompletedAt, want.Updated = task.Cancelled, got.CompletedAt, got.Updated
			f.same("the answer", got, want)
			f.same("the stored task", f.get(want.ID), want)
			f.wantTrail(want.ID, event.TaskCreated, event.TaskCancelled)
			again, outcome := f.cancel(want.ID)
			if outcome != task.CancelBefore {
				f.Errorf("again: outcome %d", outcome)
			}
			f.same("the answer of before", again, want)
			f.wantTrail(want.ID, event.TaskCreated, event.TaskCancelled)
		},
		"a running task is asked once": func(f *fixture) {
			want := f.running()
			got, outcome := f.cancel(want.ID)
			if outcome != task.CancelAsked {
				f.Fatalf("outcome %d", outcome)
			}
			want.CancelRequested, want.Updated = true, got.Updated
			f.same("the answer", got, want)
			f.same("the stored task", f.get(want.ID), want)
			if _, outcome := f.cancel(want.ID); outcome != task.CancelBefore {
				f.Errorf("again: outcome %d", outcome)
			}
			f.wantTrail(want.ID, event.TaskCreated, event.TaskCancelRequested)
		},
		"what has ended otherwise stays as it is": func(f *fixture) {
			for _, to := range []task.Status{task.Completed, task.Failed, task.DeadLetter} {
				t := f.running()
				f.end(t, to)
				got, outcome := f.cancel(t.ID)
				if outcome != task.CancelTooLate || got.Status != to {
					f.Errorf("%s: outcome %d, status %s", to, outcome, got.Status)
				}
				f.wantTrail(t.ID, event.TaskCreated, eventOf(to))
			}
		},
		"an unknown task is unknown": func(f *fixture) {
			got, outcome := f.cancel(task.NewID())
			if outcome != task.CancelUnknown || got.ID != uuid.Nil {
				f.Errorf("outcome %d, task %+v", outcome, got)
			}
		},
		"a node finds the requests for its tasks": func(f *fixture) {
			owner := f.node(longLease)
			tasks := f.claim(owner, f.many(3)...)
			f.cancel(tasks[1].ID)
			f.cancel(f.running().ID)
			ids, err := f.store.CancelsOn(f.ctx, owner)
			f.ok(err)
			f.same("requests", ids, []uuid.UUID{tasks[1].ID})
			f.end(tasks[1], task.Cancelled)
			ids, err = f.store.CancelsOn(f.ctx, owner)
			f.ok(err)
			f.same("requests", ids, []uuid.UUID{})
		},
	})
}
