package sqlite

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/task"
)

// Claim turns pending tasks into running ones of the node, attempt+1. The
// result has the order of the ids; those that cannot be claimed are left out.
func (s *Store) Claim(ctx context.Context, req task.ClaimRequest) ([]task.Task, error) {
	var claimed []task.Task
	err := s.write(ctx, "claim tasks", func(ctx context.Context, b *batch) error {
		holds, err := b.count(ctx, qLeaseHolds, req.Node[:], micros(b.now))
		if err != nil || holds == 0 {
			return err
		}
		for _, id := range req.IDs {
			t, ok, err := b.claim(ctx, id, req)
			if err != nil {
				return err
			}
			if ok {
				claimed = append(claimed, t)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// claim takes one task, with its event where one is asked for.
func (b *batch) claim(ctx context.Context, id uuid.UUID, req task.ClaimRequest) (task.Task, bool, error) {
	t, ok, err := first(ctx, b.stmt(ctx, qClaimTask), scanTask, id[:], req.Node[:], b.now.UnixMicro())
	if err != nil {
		return task.Task{}, false, fmt.Errorf("claim %s: %w", id, err)
	}
	if !ok || req.Started == nil {
		return t, ok, nil
	}
	started := req.Started(&t)
	return t, true, b.writeEvent(ctx, qInsertEvent, &started)
}
