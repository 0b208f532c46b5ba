package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/core/deadletter"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// CountDead counts the dead letters of a filter.
func (s *Store) CountDead(ctx context.Context, f deadletter.Filter) (n int64, err error) {
	err = s.readers.QueryRow(ctx, s.queries[qCountDead], optional(f.Type), optional(f.Code)).Scan(&n)
	if err != nil {
		return 0, fail("count dead letters", err)
	}
	return n, nil
}

// DeadOlder lists dead letters that were given up longer ago than age, the
// oldest first.
func (s *Store) DeadOlder(ctx context.Context, age time.Duration, limit int) ([]task.Task, error) {
	return s.deadLetters(ctx, qDeadOlder, age, limit)
}

// DeadBeyond lists the oldest of the dead letters that are more than most.
func (s *Store) DeadBeyond(ctx context.Context, most int64, limit int) ([]task.Task, error) {
	return s.deadLetters(ctx, qDeadBeyond, most, limit)
}

func (s *Store) deadLetters(ctx context.Context, q query, args ...any) ([]task.Task, error) {
	tasks, err := collect(ctx, s.readers, scanTask, s.queries[q], args...)
	if err != nil {
		return nil, fail("list dead letters", err)
	}
	return tasks, nil
}

// DeadBriefs lists what groups of dead letters are made of, newest first.
func (s *Store) DeadBriefs(ctx context.Context, before uuid.UUID, limit int) ([]deadletter.Brief, error) {
	if before == uuid.Nil {
		before = uuid.Max
	}
	briefs, err := collect(ctx, s.readers, scanBrief, s.queries[qDeadBriefs], [16]byte(before), limit)
	if err != nil {
		return nil, fail("list dead letters", err)
	}
	return briefs, nil
}

func scanBrief(row pgx.CollectableRow) (b deadletter.Brief, err error) {
	var failed []byte
	if err := row.Scan((*[16]byte)(&b.ID), &b.Type, &b.Died, &failed); err != nil {
		return b, fmt.Errorf("scan dead letter: %w", err)
	}
	b.Died = b.Died.UTC()
	if len(failed) == 0 {
		return b, nil
	}
	var f task.Failure
	if err := json.Unmarshal(failed, &f); err != nil {
		return b, fmt.Errorf("dead letter %s: decode error: %w", b.ID, err)
	}
	b.Code, b.Message = string(f.Code), f.Message
	return b, nil
}

// EvictDead deletes dead letters that still are as they are given, each with its
// event, and writes the further events if any was deleted.
func (s *Store) EvictDead(
	ctx context.Context, tasks []task.Task, ev func(*task.Task) event.Event, further []event.Event,
) (removed int, err error) {
	err = s.inTx(ctx, "evict dead letters", func(tx pgx.Tx) ([]event.Event, error) {
		fence := fenceOf(tasks)
		if _, err := tx.Exec(ctx, s.queries[qLockTasks], fence.ids); err != nil {
			return nil, err
		}
		gone, err := collect(ctx, tx, scanID, s.queries[qEvictDead], fence.ids, fence.attempts, fence.redrives)
		if removed = len(gone); err != nil || removed == 0 {
			return nil, err
		}
		events := append([]event.Event(nil), further...)
		byID := make(map[uuid.UUID]*task.Task, len(tasks))
		for i := range tasks {
			byID[tasks[i].ID] = &tasks[i]
		}
		for _, id := range gone {
			events = append(events, ev(byID[id]))
		}
		return events, nil
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}
