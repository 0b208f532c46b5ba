package postgres

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// Claim turns pending tasks into running ones of the node, attempt+1. The result
// has the order of the ids; those that cannot be claimed are left out. Without
// events to write it is one statement and one round trip.
func (s *Store) Claim(ctx context.Context, req task.ClaimRequest) (claimed []task.Task, err error) {
	if len(req.IDs) == 0 {
		return nil, nil
	}
	var events []event.Event
	started := func() []uuid.UUID { return eventIDs(events)() }
	err = s.write(ctx, "claim tasks", started, func() (err error) {
		if req.Started == nil {
			claimed, err = s.claim(ctx, s.claims, req)
			return err
		}
		return pgx.BeginFunc(ctx, s.claims, func(tx pgx.Tx) (err error) {
			if claimed, err = s.claim(ctx, tx, req); err != nil {
				return err
			}
			events = make([]event.Event, len(claimed))
			for i := range claimed {
				events[i] = req.Started(&claimed[i])
			}
			return s.insertEvents(ctx, tx, events...)
		})
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// claim makes the change and brings the tasks into the order of the request.
func (s *Store) claim(ctx context.Context, db querier, req task.ClaimRequest) ([]task.Task, error) {
	tasks, err := collect(ctx, db, scanTask, s.queries[qClaimTasks], rawIDs(req.IDs), [16]byte(req.Node))
	if err != nil {
		return nil, err
	}
	inOrder(tasks, req.IDs)
	return tasks, nil
}

// inOrder brings tasks into the order of their ids in a request.
func inOrder(tasks []task.Task, ids []uuid.UUID) {
	position := make(map[uuid.UUID]int, len(ids))
	for i, id := range ids {
		position[id] = i
	}
	slices.SortFunc(tasks, func(a, b task.Task) int { return position[a.ID] - position[b.ID] })
}
