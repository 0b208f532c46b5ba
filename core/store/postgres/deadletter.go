package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/headrace/headrace/core/deadletter"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// Redrive turns one dead letter into a pending task.
func (s *Store) Redrive(ctx context.Context, c deadletter.Change) (changed deadletter.Changed, err error) {
	err = s.inTx(ctx, "redrive task", func(tx pgx.Tx) (events []event.Event, err error) {
		if changed, err = s.lockDead(ctx, tx, c.ID); err != nil || changed.Outcome != deadletter.Done {
			return nil, err
		}
		before := changed.Task
		redriven, err := s.redriveOne(ctx, tx, before)
		if err != nil {
			return nil, err
		}
		if changed = redriven; changed.Outcome != deadletter.Done {
			return nil, nil
		}
		return []event.Event{c.Event(&before)}, nil
	})
	return changed, err
}

// lockDead takes the row of a dead letter; Done stands for "it is one".
func (s *Store) lockDead(ctx context.Context, tx pgx.Tx, id uuid.UUID) (deadletter.Changed, error) {
	t, found, err := first(ctx, tx, scanLocked, s.queries[qLockTask], [16]byte(id))
	if err == nil && !found {
		t, found, err = first(ctx, tx, scanTask, s.queries[qGetTask], [16]byte(id))
	}
	switch {
	case err != nil:
		return deadletter.Changed{}, err
	case !found:
		return deadletter.Changed{Outcome: deadletter.Unknown}, nil
	case t.Status != task.DeadLetter:
		return deadletter.Changed{Outcome: deadletter.NotDead, Task: t}, nil
	}
	return deadletter.Changed{Outcome: deadletter.Done, Task: t}, nil
}

// scanLocked reads a row of lock_task without its time.
func scanLocked(row pgx.CollectableRow) (task.Task, error) {
	var columns taskRow
	if err := row.Scan(append([]any{nil}, columns.targets()...)...); err != nil {
		return task.Task{}, fmt.Errorf("scan task: %w", err)
	}
	return columns.finish()
}

// redriveOne redrives a dead letter whose row the transaction holds. Who has its
// unique key is told by the index itself, within a savepoint.
func (s *Store) redriveOne(ctx context.Context, tx pgx.Tx, t task.Task) (deadletter.Changed, error) {
	var now []task.Task
	err := pgx.BeginFunc(ctx, tx, func(inner pgx.Tx) (err error) {
		now, err = s.redriveRows(ctx, inner, []task.Task{t})
		return err
	})
	if takenKey(err) {
		holder, err := s.holderOf(ctx, tx, &t)
		return deadletter.Changed{Outcome: deadletter.UniqueTaken, Task: t, Holder: holder}, err
	}
	if err == nil && len(now) != 1 {
		err = errMoved
	}
	if err != nil {
		return deadletter.Changed{}, err
	}
	return deadletter.Changed{Outcome: deadletter.Done, Task: now[0]}, nil
}

// takenKey recognises that tasks_unique holds the key already.
func takenKey(err error) bool {
	const uniqueViolation = "23505"
	var answer *pgconn.PgError
	return errors.As(err, &answer) && answer.Code == uniqueViolation && answer.ConstraintName == "tasks_unique"
}

func (s *Store) holderOf(ctx context.Context, tx pgx.Tx, t *task.Task) (uuid.UUID, error) {
	holder, _, err := first(ctx, tx, func(row pgx.CollectableRow) (id uuid.UUID, err error) {
		return id, row.Scan(nil, nil, (*[16]byte)(&id))
	}, s.queries[qUniqueHolders], []string{t.Type}, []string{t.UniqueKey})
	return holder, err
}

// fenceColumns are what dead letters must still show, as parameters.
type fenceColumns struct {
	ids                [][16]byte
	attempts, redrives []int32
	ready              []pgtype.Timestamptz
}

func fenceOf(tasks []task.Task) (c fenceColumns) {
	for i := range tasks {
		t := &tasks[i]
		c.ids = append(c.ids, t.ID)
		c.attempts, c.redrives = append(c.attempts, int32(t.Attempt)), append(c.redrives, int32(t.RedriveCount))
		c.ready = append(c.ready, instant(readyAt(t.ID, time.Time{})))
	}
	return c
}

// redriveRows redrives dead letters whose rows the transaction holds.
func (s *Store) redriveRows(ctx context.Context, tx pgx.Tx, tasks []task.Task) ([]task.Task, error) {
	c := fenceOf(tasks)
	return collect(ctx, tx, scanTask, s.queries[qRedriveTasks], c.ids, c.attempts, c.redrives, c.ready)
}

// redriveAll redrives dead letters whose rows the transaction holds: those
// without a unique key together, each of the others by itself. Those whose key
// is taken stay as they are.
func (s *Store) redriveAll(
	ctx context.Context, tx pgx.Tx, tasks []task.Task, ev func(*task.Task) event.Event,
) (redriven []task.Task, events []event.Event, err error) {
	var free []task.Task
	for i := range tasks {
		if tasks[i].UniqueKey == "" {
			free = append(free, tasks[i])
			events = append(events, ev(&tasks[i]))
			continue
		}
		changed, err := s.redriveOne(ctx, tx, tasks[i])
		if err != nil {
			return nil, nil, err
		}
		if changed.Outcome == deadletter.Done {
			redriven = append(redriven, changed.Task)
			events = append(events, ev(&tasks[i]))
		}
	}
	if len(free) > 0 {
		now, err := s.redriveRows(ctx, tx, free)
		if err != nil {
			return nil, nil, err
		}
		if len(now) != len(free) {
			return nil, nil, errMoved
		}
		redriven = append(redriven, now...)
	}
	return redriven, events, nil
}

// RemoveDead deletes one dead letter.
func (s *Store) RemoveDead(ctx context.Context, c deadletter.Change) (changed deadletter.Changed, err error) {
	err = s.inTx(ctx, "remove dead letter", func(tx pgx.Tx) (events []event.Event, err error) {
		if changed, err = s.lockDead(ctx, tx, c.ID); err != nil || changed.Outcome != deadletter.Done {
			return nil, err
		}
		fence := fenceOf([]task.Task{changed.Task})
		gone, err := collect(ctx, tx, scanID, s.queries[qEvictDead], fence.ids, fence.attempts, fence.redrives)
		if err == nil && len(gone) != 1 {
			err = errMoved
		}
		return []event.Event{c.Event(&changed.Task)}, err
	})
	return changed, err
}

// RetryDead redrives dead letters whose turn has come; see
// deadletter.RetrierStore.
func (s *Store) RetryDead(
	ctx context.Context, limit int, backoff time.Duration, most int, ev func(*task.Task) event.Event,
) (redriven []task.Task, err error) {
	err = s.inTx(ctx, "retry dead letters", func(tx pgx.Tx) (events []event.Event, err error) {
		due, err := collect(ctx, tx, scanTask, s.queries[qRetryDead], limit, backoff, most)
		if err != nil {
			return nil, err
		}
		redriven, events, err = s.redriveAll(ctx, tx, due, ev)
		return events, err
	})
	if err != nil {
		return nil, err
	}
	return redriven, nil
}
