package storetest

import (
	"sync"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/task"
)

// holdersNamed has a unique key whose holders come and go: whoever is refused must
// be told by whom.
func holdersNamed(f *fixture) {
	const rounds = 400
	owner := f.node(longLease) // before the goroutine, which must not end the test
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		defer close(done)
		for range rounds {
			if !f.passThrough(owner) {
				return
			}
		}
	})
	unnamed, refused := 0, 0
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		default:
		}
		// Only refusals are of interest: it is cancelled at once where it got in.
		sub := f.submission(withUnique("k"))
		results, err := f.store.Insert(f.ctx, []task.Submission{sub})
		switch {
		case err != nil:
			f.Errorf("insert: %v", err)
			ended = true
		case results[0].Fate == task.Inserted:
			f.cancel(sub.Task.ID)
		default:
			refused++
			if results[0].Holder == uuid.Nil {
				unnamed++
			}
		}
	}
	wait.Wait()
	if refused == 0 || unnamed > 0 {
		f.Errorf("%d of %d refusals name no holder; want some refusals, all with one", unnamed, refused)
	}
}

// passThrough inserts a task with the key and ends it; false after an error.
func (f *fixture) passThrough(owner uuid.UUID) bool {
	sub := f.submission(withUnique("k"))
	results, err := f.store.Insert(f.ctx, []task.Submission{sub})
	if err == nil && results[0].Fate == task.Inserted {
		var claimed []task.Task
		claimed, err = f.store.Claim(f.ctx, task.ClaimRequest{Node: owner, IDs: []uuid.UUID{sub.Task.ID}})
		if err == nil && len(claimed) == 1 {
			_, err = f.store.Settle(f.ctx, []task.Settlement{settlement(claimed[0], task.Completed)})
		}
	}
	if err != nil {
		f.Errorf("a task with a unique key: %v", err)
	}
	return err == nil
}
