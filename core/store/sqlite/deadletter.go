package sqlite

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/deadletter"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// Redrive turns one dead letter into a pending task.
func (s *Store) Redrive(ctx context.Context, c deadletter.Change) (changed deadletter.Changed, err error) {
	err = s.write(ctx, "redrive task", func(ctx context.Context, b *batch) error {
		if changed, err = b.findDead(ctx, c.ID); err != nil || changed.Outcome != deadletter.Done {
			return err
		}
		changed, err = b.redrive(ctx, changed.Task, c.Event)
		return err
	})
	return changed, err
}

// findDead looks for a dead letter; Done stands for "it is one".
func (b *batch) findDead(ctx context.Context, id uuid.UUID) (deadletter.Changed, error) {
	t, found, err := b.get(ctx, id)
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

// redrive redrives a dead letter that was read in this transaction, with its
// event, unless another task has its unique key.
func (b *batch) redrive(ctx context.Context, t task.Task, ev func(*task.Task) event.Event) (deadletter.Changed, error) {
	if t.UniqueKey != "" {
		holder, held, err := first(ctx, b.stmt(ctx, qUniqueHolder), scanID, t.Type, t.UniqueKey)
		if err != nil || held {
			return deadletter.Changed{Outcome: deadletter.UniqueTaken, Task: t, Holder: holder}, err
		}
	}
	now, made, err := first(ctx, b.stmt(ctx, qRedriveTask), scanTask, t.ID[:], int64(t.Attempt), int64(t.RedriveCount),
		b.now.UnixMicro(), task.CreatedAt(t.ID).UnixMicro())
	if err == nil && !made {
		err = fmt.Errorf("dead letter %s changed within its transaction", t.ID)
	}
	if err != nil {
		return deadletter.Changed{}, err
	}
	e := ev(&t)
	return deadletter.Changed{Outcome: deadletter.Done, Task: now}, b.writeEvent(ctx, qInsertEvent, &e)
}

// redriveAll redrives dead letters; those whose key is taken stay as they are.
func (b *batch) redriveAll(ctx context.Context, tasks []task.Task, ev func(*task.Task) event.Event) (redriven []task.Task, err error) {
	for i := range tasks {
		changed, err := b.redrive(ctx, tasks[i], ev)
		if err != nil {
			return nil, err
		}
		if changed.Outcome == deadletter.Done {
			redriven = append(redriven, changed.Task)
		}
	}
	return redriven, nil
}

// RemoveDead deletes one dead letter.
func (s *Store) RemoveDead(ctx context.Context, c deadletter.Change) (changed deadletter.Changed, err error) {
	err = s.write(ctx, "remove dead letter", func(ctx context.Context, b *batch) error {
		if changed, err = b.findDead(ctx, c.ID); err != nil || changed.Outcome != deadletter.Done {
			return err
		}
		gone, err := b.evict(ctx, &changed.Task, c.Event)
		if err == nil && !gone {
			err = fmt.Errorf("dead letter %s changed within its transaction", c.ID)
		}
		return err
	})
	return changed, err
}

// evict deletes a dead letter that still is as it is given, with its event.
func (b *batch) evict(ctx context.Context, t *task.Task, ev func(*task.Task) event.Event) (gone bool, err error) {
	n, err := b.exec(ctx, qEvictDead, t.ID[:], int64(t.Attempt), int64(t.RedriveCount))
	if err != nil || n == 0 {
		return false, err
	}
	e := ev(t)
	return true, b.writeEvent(ctx, qInsertEvent, &e)
}

// RetryDead redrives dead letters whose turn has come; see
// deadletter.RetrierStore.
func (s *Store) RetryDead(
	ctx context.Context, limit int, backoff time.Duration, most int, ev func(*task.Task) event.Event,
) (redriven []task.Task, err error) {
	err = s.write(ctx, "retry dead letters", func(ctx context.Context, b *batch) error {
		for n := 0; n < limit && len(redriven) < most; n++ {
			due, err := collect(ctx, b.stmt(ctx, qRetryDead), scanTask, n, diedBy(b.now, backoff, n), most-len(redriven))
			if err != nil {
				return err
			}
			again, err := b.redriveAll(ctx, due, ev)
			if err != nil {
				return err
			}
			redriven = append(redriven, again...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return redriven, nil
}

// diedBy is when a dead letter with n redrives must have been given up, in
// microseconds, to be retried now: the back-off times 2ⁿ ago.
func diedBy(now time.Time, backoff time.Duration, n int) int64 {
	wait := math.Min(float64(backoff.Microseconds())*math.Pow(2, float64(n)), math.MaxInt32*1e6)
	return now.UnixMicro() - int64(wait)
}
