package storetest

import (
	"context"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// limitedClaims is what a type with a limit over all nodes needs.
type limitedClaims interface {
	// ClaimWithin is Claim for tasks of one type, of which never more run at a
	// time than the limit says, whoever claims at the same time.
	ClaimWithin(ctx context.Context, req task.ClaimRequest, limit task.RunningLimit) (task.LimitedClaim, error)
}

func exerciseClaimWithin(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"only the rest of the limit is claimed":         limitClaimsTheRest,
		"a limit that is not reached is not full":       limitNotReached,
		"a place is free when its attempt has ended":    limitFreesPlaces,
		"other types count for nothing":                 limitIsPerType,
		"stale hints take no place":                     limitSkipsStale,
		"a node without a lease claims nothing":         limitNeedsLease,
		"a claim within a limit writes its start":       limitRecordsStarts,
		"nothing asked is nothing claimed":              limitOfNothing,
		"many claimers at once never exceed the limit":  limitUnderContention,
		"what is claimed elsewhere at once is not lost": limitLosesNothing,
	})
}

// within claims tasks within a limit, and tries again while another claims.
func (f *fixture) within(owner uuid.UUID, most int, tasks ...task.Task) task.LimitedClaim {
	f.Helper()
	var got task.LimitedClaim
	f.eventually("nobody else claims", func() bool {
		var err error
		got, err = f.store.ClaimWithin(f.ctx, task.ClaimRequest{Node: owner, IDs: idsOf(tasks)}, task.RunningLimit{Type: f.typ, Most: most})
		f.ok(err)
		return !got.Busy
	})
	return got
}

func limitClaimsTheRest(f *fixture) {
	tasks, owner := f.many(5), f.node(longLease)
	got := f.within(owner, 3, tasks...)
	f.same("the claimed", idsOf(got.Tasks), idsOf(tasks[:3]))
	if !got.Full {
		f.Errorf("the limit is not said to be reached")
	}
	if again := f.within(f.node(longLease), 3, tasks[3:]...); len(again.Tasks) != 0 || !again.Full {
		f.Errorf("beyond the limit: %d tasks, full %v", len(again.Tasks), again.Full)
	}
	for _, one := range got.Tasks {
		if one.Status != task.Running || one.Attempt != 1 || one.NodeID != owner {
			f.Errorf("claimed %+v", one)
		}
	}
}

func limitNotReached(f *fixture) {
	got := f.within(f.node(longLease), 10, f.many(3)...)
	if len(got.Tasks) != 3 || got.Full {
		f.Errorf("%d tasks, full %v", len(got.Tasks), got.Full)
	}
}

func limitFreesPlaces(f *fixture) {
	tasks, owner := f.many(2), f.node(longLease)
	first := f.within(owner, 1, tasks...)
	f.end(first.Tasks[0], task.Completed)
	if next := f.within(owner, 1, tasks[1]); len(next.Tasks) != 1 {
		f.Errorf("the place of an ended attempt is not free")
	}
}

func limitIsPerType(f *fixture) {
	other := f.pending(func(t *task.Task) { t.Type = uniqueName("other") })
	owner := f.node(longLease)
	f.run(other)
	mine, foreign := f.pending(), f.pending(func(t *task.Task) { t.Type = other.Type })
	got := f.within(owner, 1, foreign, mine)
	f.same("the claimed", idsOf(got.Tasks), []uuid.UUID{mine.ID})
}

func limitSkipsStale(f *fixture) {
	tasks, owner := f.many(3), f.node(longLease)
	ended := f.run(tasks[0])
	f.end(ended, task.Completed)
	got := f.within(owner, 2, tasks...)
	f.same("the claimed", idsOf(got.Tasks), idsOf(tasks[1:]))
}

func limitNeedsLease(f *fixture) {
	if got := f.within(task.NewID(), 3, f.many(2)...); len(got.Tasks) != 0 {
		f.Errorf("%d tasks for a node that is not there", len(got.Tasks))
	}
}

func limitRecordsStarts(f *fixture) {
	one := f.pending()
	got, err := f.store.ClaimWithin(f.ctx, task.ClaimRequest{
		Node: f.node(longLease), IDs: []uuid.UUID{one.ID},
		Started: func(t *task.Task) event.Event {
			return t.Event(event.TaskStarted, "attempt started", t.EventMetadata())
		},
	}, task.RunningLimit{Type: f.typ, Most: 1})
	f.ok(err)
	if len(got.Tasks) != 1 {
		f.Fatalf("claimed %d", len(got.Tasks))
	}
	f.wantTrail(one.ID, event.TaskCreated, event.TaskStarted)
}

func limitOfNothing(f *fixture) {
	if got := f.within(f.node(longLease), 3); len(got.Tasks) != 0 {
		f.Errorf("%+v", got)
	}
}

// race lets claimers claim all tasks at once, each as a node of its own.
func (f *fixture) race(claimers, most int, tasks []task.Task) (claimed []task.Task) {
	f.Helper()
	var (
		mu  sync.Mutex
		all sync.WaitGroup
	)
	begin := make(chan struct{})
	for range claimers {
		owner := f.node(longLease)
		all.Go(func() {
			<-begin
			got, err := f.store.ClaimWithin(f.ctx, task.ClaimRequest{Node: owner, IDs: idsOf(tasks)}, task.RunningLimit{Type: f.typ, Most: most})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				f.Errorf("claim: %v", err)
			}
			claimed = append(claimed, got.Tasks...)
		})
	}
	close(begin)
	all.Wait()
	return claimed
}

func limitUnderContention(f *fixture) {
	const most = 4
	tasks := f.many(64)
	var running []task.Task
	for range 8 {
		running = append(running, f.race(12, most, tasks)...)
		if len(running) > most {
			f.Fatalf("%d run at a time, the limit is %d", len(running), most)
		}
		if len(running) > 0 {
			f.end(running[0], task.Completed)
			running = running[1:]
		}
	}
}

func limitLosesNothing(f *fixture) {
	tasks := f.many(10)
	for left := len(tasks); left > 0; {
		for _, one := range f.race(4, 3, tasks) {
			f.end(one, task.Completed)
			left--
		}
	}
}
