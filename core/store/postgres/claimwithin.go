package postgres

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// ClaimWithin is Claim for tasks of one type, of which no more may run at a time
// on all nodes than the limit says. Ids of other types are passed over.
//
// The lock is taken in a statement of its own: the next one then sees everything
// that its former holders have committed.
func (s *Store) ClaimWithin(ctx context.Context, req task.ClaimRequest, limit task.RunningLimit) (claim task.LimitedClaim, err error) {
	if len(req.IDs) == 0 {
		return task.LimitedClaim{}, nil
	}
	var events []event.Event
	started := func() []uuid.UUID { return eventIDs(events)() }
	err = s.write(ctx, "claim tasks within a limit", started, func() error {
		return pgx.BeginFunc(ctx, s.claims, func(tx pgx.Tx) (err error) {
			if claim, err = s.claimWithin(ctx, tx, req, limit); err != nil || req.Started == nil {
				return err
			}
			events = make([]event.Event, len(claim.Tasks))
			for i := range claim.Tasks {
				events[i] = req.Started(&claim.Tasks[i])
			}
			return s.insertEvents(ctx, tx, events...)
		})
	})
	if err != nil {
		return task.LimitedClaim{}, err
	}
	return claim, nil
}

// claimWithin locks, counts and claims the rest.
func (s *Store) claimWithin(
	ctx context.Context, tx pgx.Tx, req task.ClaimRequest, limit task.RunningLimit,
) (claim task.LimitedClaim, err error) {
	var locked bool
	if err := tx.QueryRow(ctx, s.queries[qLockType], limit.Type).Scan(&locked); err != nil || !locked {
		return task.LimitedClaim{Busy: true}, err
	}
	var running int
	if err := tx.QueryRow(ctx, s.queries[qCountRunning], limit.Type).Scan(&running); err != nil {
		return claim, fmt.Errorf("count the running: %w", err)
	}
	room := limit.Most - running
	if room <= 0 {
		return task.LimitedClaim{Full: true}, nil
	}
	tasks, err := collect(ctx, tx, scanTask, s.queries[qClaimWithin], rawIDs(req.IDs), [16]byte(req.Node), limit.Type, room)
	if err != nil {
		return claim, err
	}
	inOrder(tasks, req.IDs)
	return task.LimitedClaim{Tasks: tasks, Full: len(tasks) == room}, nil
}
