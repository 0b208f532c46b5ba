package storetest

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

func exerciseContention(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"a task is claimed by one of many":                 contendClaims,
		"an attempt is settled by one of many":             contendSettlements,
		"groups that share rows do not block each other":   contendGroups,
		"groups that share unique keys do not either":      contendUniqueKeys,
		"of a cancellation and a claim either comes first": contendCancel,
		"two nodes declare one dead once":                  contendDeclare,
		"a refusal names the holder of a unique key":       holdersNamed,
	})
}

// side runs do n times at once and waits.
func side(n int, do func(i int)) {
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { do(i) })
	}
	wait.Wait()
}

func contendClaims(f *fixture) {
	const claimers = 4
	tasks := f.many(200)
	var claimed [claimers][]task.Task
	nodes := make([]uuid.UUID, claimers)
	for i := range nodes {
		nodes[i] = f.node(longLease)
	}
	side(claimers, func(i int) {
		order := slices.Clone(tasks)
		if i%2 == 1 {
			slices.Reverse(order)
		}
		for chunk := range slices.Chunk(order, 20) {
			got, err := f.store.Claim(f.ctx, task.ClaimRequest{Node: nodes[i], IDs: idsOf(chunk)})
			if err != nil {
				f.Errorf("claim: %v", err)
				return
			}
			claimed[i] = append(claimed[i], got...)
		}
	})
	// What was locked by one is passed over by the others, so that some may be
	// left; those that came back came back once.
	owners := make(map[uuid.UUID]uuid.UUID)
	for i := range claimed {
		for _, t := range claimed[i] {
			if owner, twice := owners[t.ID]; twice {
				f.Errorf("task %s was claimed by %s and %s", t.ID, owner, nodes[i])
			}
			owners[t.ID] = nodes[i]
		}
	}
	for id, owner := range owners {
		if got := f.get(id); got.NodeID != owner || got.Attempt != 1 {
			f.Errorf("task %s: node %s, attempt %d", id, got.NodeID, got.Attempt)
		}
	}
}

func contendSettlements(f *fixture) {
	const settlers = 4
	tasks := f.claim(f.node(longLease), f.many(50)...)
	var fates [settlers][]task.Settled
	ends := []task.Status{task.Completed, task.DeadLetter, task.Pending, task.Failed}
	side(settlers, func(i int) {
		items := make([]task.Settlement, len(tasks))
		for n, t := range tasks {
			items[n] = settlement(t, ends[(i+n)%len(ends)])
		}
		var err error
		if fates[i], err = f.store.Settle(f.ctx, items); err != nil {
			f.Errorf("settle: %v", err)
			fates[i] = make([]task.Settled, len(items))
		}
	})
	for n := range tasks {
		held := 0
		for i := range fates {
			if fates[i][n] == task.SettledNow {
				held++
			}
		}
		if held != 1 {
			f.Errorf("attempt %d was settled %d times", n, held)
		}
		if trail := f.trail(tasks[n].ID); len(trail) != 2 {
			f.Errorf("attempt %d left the events %v", n, trail)
		}
	}
}

func contendGroups(f *fixture) {
	const rounds = 20
	for round := range rounds {
		tasks := f.claim(f.node(longLease), f.many(12)...)
		side(4, func(i int) {
			if i == 3 {
				for _, t := range tasks {
					if _, _, err := f.tryCancel(t.ID); err != nil {
						f.Errorf("cancel: %v", err)
					}
				}
				return
			}
			items := make([]task.Settlement, 0, len(tasks))
			for n, t := range tasks {
				to := task.Completed
				if mixed := round%2 == 0; mixed && (n+i)%2 == 0 {
					to = task.DeadLetter
				}
				items = append(items, settlement(t, to))
			}
			if i == 1 {
				slices.Reverse(items)
			}
			if _, err := f.store.Settle(f.ctx, items); err != nil {
				f.Errorf("settle: %v", err)
			}
		})
	}
}

func contendUniqueKeys(f *fixture) {
	const rounds = 20
	keys := []string{"a", "b", "c", "d"}
	for range rounds {
		prefix := uniqueName("round")
		won := make([]int, 4)
		side(len(won), func(i int) {
			subs := make([]task.Submission, len(keys))
			for n := range keys {
				subs[n] = f.submission(withUnique(prefix + keys[(n+i)%len(keys)]))
			}
			results, err := f.store.Insert(f.ctx, subs)
			if err != nil {
				f.Errorf("insert: %v", err)
				return
			}
			for _, r := range results {
				if r.Fate == task.Inserted {
					won[i]++
				}
			}
		})
		if sum := won[0] + won[1] + won[2] + won[3]; sum != len(keys) {
			f.Fatalf("%d tasks hold %d unique keys", sum, len(keys))
		}
	}
}

func contendCancel(f *fixture) {
	owner := f.node(longLease)
	for range 20 {
		t := f.pending()
		var outcome task.CancelOutcome
		var claimed []task.Task
		var errs [2]error
		side(2, func(i int) {
			if i == 0 {
				_, outcome, errs[i] = f.tryCancel(t.ID)
			} else {
				claimed, errs[i] = f.store.Claim(f.ctx, task.ClaimRequest{Node: owner, IDs: []uuid.UUID{t.ID}})
			}
		})
		f.ok(errors.Join(errs[:]...))
		got := f.get(t.ID)
		switch {
		case outcome == task.CancelDone && len(claimed) == 0 && got.Status == task.Cancelled:
			f.wantTrail(t.ID, event.TaskCreated, event.TaskCancelled)
		case outcome == task.CancelAsked && len(claimed) == 1 && got.Status == task.Running && got.CancelRequested:
			f.wantTrail(t.ID, event.TaskCreated, event.TaskCancelRequested)
		default:
			f.Fatalf("outcome %d, %d claimed, now %s", outcome, len(claimed), got.Status)
		}
	}
}

func contendDeclare(f *fixture) {
	id := f.node(1)
	var times [4]int
	f.eventually("the node is dead", func() bool {
		side(len(times), func(i int) {
			dead, err := f.store.DeclareDead(f.ctx, lost)
			if err != nil {
				f.Errorf("declare dead: %v", err)
			}
			for _, info := range dead {
				if info.ID == id {
					times[i]++
				}
			}
		})
		return !f.info(id).DeadAt.IsZero()
	})
	if sum := times[0] + times[1] + times[2] + times[3]; sum != 1 {
		f.Errorf("declared dead %d times", sum)
	}
}
