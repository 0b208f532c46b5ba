package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/deadletter"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// CountDead counts the dead letters of a filter.
func (s *Store) CountDead(ctx context.Context, f deadletter.Filter) (n int64, err error) {
	if err := s.readers.stmts[qCountDead].QueryRowContext(ctx, f.Type, f.Code).Scan(&n); err != nil {
		return 0, fmt.Errorf("count dead letters: %w", err)
	}
	return n, nil
}

// DeadOlder lists dead letters that were given up longer ago than age, the
// oldest first.
func (s *Store) DeadOlder(ctx context.Context, age time.Duration, limit int) ([]task.Task, error) {
	return s.tasks(ctx, qDeadOlder, s.now().Add(-age).UnixMicro(), limit)
}

// DeadBeyond lists the oldest of the dead letters that are more than most.
func (s *Store) DeadBeyond(ctx context.Context, most int64, limit int) ([]task.Task, error) {
	return s.tasks(ctx, qDeadBeyond, most, limit)
}

// DeadBriefs lists what groups of dead letters are made of, newest first.
func (s *Store) DeadBriefs(ctx context.Context, before uuid.UUID, limit int) ([]deadletter.Brief, error) {
	if before == uuid.Nil {
		before = uuid.Max
	}
	briefs, err := collect(ctx, s.readers.stmts[qDeadBriefs], scanBrief, before[:], limit)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	return briefs, nil
}

func scanBrief(row scanner) (b deadletter.Brief, err error) {
	var (
		died   sql.NullInt64
		failed []byte
	)
	if err := row.Scan(&b.ID, &b.Type, &died, &failed); err != nil {
		return b, fmt.Errorf("scan dead letter: %w", err)
	}
	b.Died = timeOf(died)
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
	err = s.write(ctx, "evict dead letters", func(ctx context.Context, b *batch) error {
		for i := range tasks {
			gone, err := b.evict(ctx, &tasks[i], ev)
			if err != nil {
				return err
			}
			if gone {
				removed++
			}
		}
		if removed == 0 {
			return nil
		}
		for i := range further {
			if err := b.writeEvent(ctx, qInsertEvent, &further[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}
