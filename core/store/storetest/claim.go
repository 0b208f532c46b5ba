package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

func exerciseClaim(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"a claim starts an attempt":                     claimStarts,
		"the order is the one that was asked for":       claimKeepsOrder,
		"what cannot be claimed is passed over":         claimPassesOver,
		"a node without a lease gets nothing":           claimNeedsLease,
		"a claim writes an event where one is wanted":   claimRecords,
		"an attempt is never handed out twice":          claimCounts,
		"an error stays visible until completion":       claimKeepsError,
		"a task is there as soon as its run_at is past": claimWhenDue,
	})
}

func claimStarts(f *fixture) {
	want, owner := f.pending(fullTask), f.node(longLease)
	claimed := f.claim(owner, want)
	if len(claimed) != 1 {
		f.Fatalf("%d tasks came back", len(claimed))
	}
	got := claimed[0]
	if got.StartedAt.IsZero() || got.Updated.Before(want.Updated) {
		f.Errorf("started %s, updated %s", got.StartedAt, got.Updated)
	}
	want.Status, want.Attempt, want.NodeID = task.Running, 1, owner
	want.StartedAt, want.Updated = got.StartedAt, got.Updated
	f.same("the claimed task", got, want)
	f.same("the stored task", f.get(want.ID), want)
	f.wantTrail(want.ID, event.TaskCreated)
}

func claimKeepsOrder(f *fixture) {
	tasks := f.many(20)
	slices.Reverse(tasks)
	f.same("ids", idsOf(f.claim(f.node(longLease), tasks...)), idsOf(tasks))
}

func claimPassesOver(f *fixture) {
	owner := f.node(longLease)
	good := f.pending()
	overdue := f.pending(func(t *task.Task) { t.Deadline = soon(-time.Second) })
	delayed := f.pending(func(t *task.Task) { t.RunAt = soon(time.Hour) })
	running, dead, done := f.running(), f.running(), f.running()
	f.end(dead, task.DeadLetter)
	f.end(done, task.Completed)
	unknown := f.submission().Task
	claimed := f.claim(owner, overdue, unknown, running, delayed, good, dead, done)
	f.same("claimed", idsOf(claimed), []uuid.UUID{good.ID})
	if got := f.get(running.ID); got.NodeID != running.NodeID || got.Attempt != 1 {
		f.Errorf("a running task changed hands: %+v", got)
	}
	if claimed, err := f.store.Claim(f.ctx, task.ClaimRequest{Node: owner}); err != nil || len(claimed) > 0 {
		f.Errorf("a claim of nothing: %v, %v", claimed, err)
	}
}

func claimNeedsLease(f *fixture) {
	t := f.pending()
	ended := f.node(longLease)
	f.ok(f.store.EndNode(f.ctx, ended, nodeEvent(event.SystemStopped, ended)))
	lapsed := f.node(time.Millisecond)
	f.eventually("the lease ends", func() bool {
		held, err := f.store.RenewNode(f.ctx, lapsed, time.Millisecond)
		f.ok(err)
		return !held
	})
	for name, owner := range map[string]uuid.UUID{"unknown": task.NewID(), "ended": ended, "lapsed": lapsed} {
		if claimed := f.claim(owner, t); len(claimed) > 0 {
			f.Errorf("a node that is %s claimed a task", name)
		}
	}
	f.run(t)
}

func claimRecords(f *fixture) {
	tasks := f.many(3)
	claimed, err := f.store.Claim(f.ctx, task.ClaimRequest{
		Node: f.node(longLease), IDs: idsOf(tasks[:2]),
		Started: func(t *task.Task) event.Event {
			if t.Status != task.Running || t.Attempt != 1 {
				f.Errorf("the event is made from %+v", t)
			}
			return t.Event(event.TaskStarted, "started", t.EventMetadata())
		},
	})
	f.ok(err)
	f.same("claimed", idsOf(claimed), idsOf(tasks[:2]))
	f.wantTrail(tasks[0].ID, event.TaskCreated, event.TaskStarted)
	f.wantTrail(tasks[1].ID, event.TaskCreated, event.TaskStarted)
	f.wantTrail(tasks[2].ID, event.TaskCreated)
}

func claimCounts(f *fixture) {
	t := f.pending()
	for attempt := 1; attempt <= 3; attempt++ {
		t = f.run(t)
		if t.Attempt != attempt {
			f.Fatalf("attempt %d, want %d", t.Attempt, attempt)
		}
		f.end(t, task.Pending)
	}
}

func claimKeepsError(f *fixture) {
	t := f.running()
	item := settlement(t, task.Pending)
	item.Error = away()
	f.settle(item)
	t = f.run(t)
	f.same("the error of the running task", t.Error, away())
	f.end(t, task.Completed)
	if got := f.get(t.ID); got.Error != nil {
		f.Errorf("a completed task shows the error %+v", got.Error)
	}
}

func claimWhenDue(f *fixture) {
	t := f.pending(func(t *task.Task) { t.RunAt = soon(100 * time.Millisecond) })
	owner := f.node(longLease)
	var claimed []task.Task
	f.eventually("the task is due", func() bool {
		claimed = f.claim(owner, t)
		return len(claimed) > 0
	})
	if claimed[0].StartedAt.Before(t.RunAt) {
		f.Errorf("started %s, before its run_at %s", claimed[0].StartedAt, t.RunAt)
	}
}
