package sqlite

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/headrace/headrace/core/node"
	"github.com/headrace/headrace/core/task"
)

// TestConcurrentUse lets writers, claimants and readers at one file: no call
// fails, and each task is claimed and completed once.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	const writers, groups, size = 4, 10, 16
	s := newStore(t)
	owner := register(t, s)
	inserted := make(chan []uuid.UUID, writers*groups)
	var completed atomic.Int64
	g, ctx := errgroup.WithContext(t.Context())
	for range writers {
		g.Go(func() error { return insertGroups(ctx, s, groups, size, inserted) })
		g.Go(func() error {
			for range groups {
				n, err := runGroup(ctx, s, owner, <-inserted)
				if err != nil {
					return err
				}
				completed.Add(int64(n))
			}
			return nil
		})
		g.Go(func() error { return readAll(ctx, s, groups) })
	}
	mustDo(t, g.Wait())
	if n := completed.Load(); n != writers*groups*size {
		t.Errorf("completed %d, want %d", n, writers*groups*size)
	}
	depths, err := s.Depths(t.Context())
	if err != nil || len(depths) != 0 {
		t.Errorf("left waiting: %v, %v", depths, err)
	}
}

// insertGroups announces every group twice over: a second claim finds nothing.
func insertGroups(ctx context.Context, s *Store, groups, size int, inserted chan<- []uuid.UUID) error {
	for range groups {
		subs := make([]task.Submission, size)
		ids := make([]uuid.UUID, 0, 2*size)
		for i := range subs {
			subs[i] = submission(nil)
			ids = append(ids, subs[i].Task.ID, subs[i].Task.ID)
		}
		if _, err := s.Insert(ctx, subs); err != nil {
			return err
		}
		inserted <- ids
	}
	return nil
}

// runGroup claims a group and completes what it got.
func runGroup(ctx context.Context, s *Store, owner node.Info, ids []uuid.UUID) (completed int, err error) {
	claimed, err := s.Claim(ctx, task.ClaimRequest{Node: owner.ID, IDs: ids})
	if err != nil {
		return 0, err
	}
	items := make([]task.Settlement, len(claimed))
	for i := range claimed {
		items[i] = settlement(&claimed[i], task.Completed)
	}
	fates, err := s.Settle(ctx, items)
	for _, fate := range fates {
		if fate == task.SettledNow {
			completed++
		}
	}
	return completed, err
}

func readAll(ctx context.Context, s *Store, times int) error {
	for range times {
		page, err := s.List(ctx, task.Filter{Limit: 50})
		if err != nil {
			return err
		}
		for i := range page.Tasks {
			if _, _, err := s.Get(ctx, page.Tasks[i].ID); err != nil {
				return err
			}
		}
		if _, err := s.Waiting(ctx, "demo.echo", task.Medium, 50); err != nil {
			return err
		}
	}
	return nil
}
