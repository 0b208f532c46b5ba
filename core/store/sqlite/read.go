package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/task"
)

// Get finds a living or historical task.
func (s *Store) Get(ctx context.Context, id uuid.UUID) (task.Task, bool, error) {
	return getTask(ctx, s.readers.stmts[qGetLiving], s.readers.stmts[qGetEnded], id)
}

// getTask looks among the living first: tasks only ever move from there into
// the history, so that one which moves meanwhile is not missed.
func getTask(ctx context.Context, living, ended *sql.Stmt, id uuid.UUID) (task.Task, bool, error) {
	for _, stmt := range []*sql.Stmt{living, ended} {
		t, ok, err := first(ctx, stmt, scanTask, id[:])
		if err != nil {
			return task.Task{}, false, fmt.Errorf("get task %s: %w", id, err)
		}
		if ok {
			return t, true, nil
		}
	}
	return task.Task{}, false, nil
}

// Waiting lists hints of one type and priority that can be claimed now, oldest
// first.
func (s *Store) Waiting(ctx context.Context, typ string, p task.Priority, limit int) ([]task.Hint, error) {
	hints, err := collect(ctx, s.readers.stmts[qWaiting], scanHint, typ, int64(p), s.now().UnixMicro(), limit)
	if err != nil {
		return nil, fmt.Errorf("waiting tasks of %s: %w", typ, err)
	}
	return hints, nil
}

func scanHint(row scanner) (h task.Hint, err error) {
	var ready int64
	if err := row.Scan(&h.ID, &h.Type, &h.Priority, &ready); err != nil {
		return task.Hint{}, fmt.Errorf("scan hint: %w", err)
	}
	h.Order = time.UnixMicro(ready).UnixMilli()
	return h, nil
}

// dueRow is a hint and its run_at, in microseconds.
type dueRow struct {
	hint  task.Hint
	runAt int64
}

func scanDue(row scanner) (d dueRow, err error) {
	var ready int64
	if err := row.Scan(&d.hint.ID, &d.hint.Type, &d.hint.Priority, &ready, &d.runAt); err != nil {
		return dueRow{}, fmt.Errorf("scan due task: %w", err)
	}
	d.hint.Order = time.UnixMicro(ready).UnixMilli()
	return d, nil
}

// Due lists pending tasks whose run_at lies in (after, now], and now. With more
// than limit, now is the run_at of the last one; tasks with that very run_at
// are all in, though they go beyond the limit, since the next call begins
// after it.
func (s *Store) Due(ctx context.Context, after time.Time, limit int) ([]task.Hint, time.Time, error) {
	now := s.now()
	start := int64(0)
	if !after.IsZero() {
		start = after.UnixMicro()
	}
	due, err := collect(ctx, s.readers.stmts[qDue], scanDue, start, now.UnixMicro(), limit+1)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("due tasks: %w", err)
	}
	if len(due) > limit {
		due = due[:limit]
		last := due[limit-1]
		ties, err := collect(ctx, s.readers.stmts[qDueTies], scanDue, last.runAt, last.hint.ID[:])
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("due tasks: %w", err)
		}
		due, now = append(due, ties...), time.UnixMicro(last.runAt)
	}
	hints := make([]task.Hint, len(due))
	for i := range due {
		hints[i] = due[i].hint
	}
	return hints, time.UnixMicro(now.UnixMicro()).UTC(), nil
}

// Overdue lists pending tasks past their deadline, the longest first.
func (s *Store) Overdue(ctx context.Context, limit int) ([]task.Task, error) {
	return s.tasks(ctx, qOverdue, s.now().UnixMicro(), limit)
}

// RunningOn lists running tasks of one node.
func (s *Store) RunningOn(ctx context.Context, node uuid.UUID, limit int) ([]task.Task, error) {
	return s.tasks(ctx, qRunningOn, node[:], limit)
}

func (s *Store) tasks(ctx context.Context, q query, args ...any) ([]task.Task, error) {
	tasks, err := collect(ctx, s.readers.stmts[q], scanTask, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", q, err)
	}
	return tasks, nil
}

// CancelsOn lists the running tasks of a node whose end was asked for.
func (s *Store) CancelsOn(ctx context.Context, node uuid.UUID) ([]uuid.UUID, error) {
	ids, err := s.ids(ctx, qCancelsOn, node[:])
	if err != nil {
		return nil, fmt.Errorf("cancels of node %s: %w", node, err)
	}
	return ids, nil
}

// depth is how many tasks of a type are pending.
type depth struct {
	typ   string
	count int64
}

func scanDepth(row scanner) (d depth, err error) {
	return d, row.Scan(&d.typ, &d.count)
}

// Depths counts the pending tasks by type.
func (s *Store) Depths(ctx context.Context) (map[string]int64, error) {
	rows, err := collect(ctx, s.readers.stmts[qDepths], scanDepth)
	if err != nil {
		return nil, fmt.Errorf("count pending tasks: %w", err)
	}
	depths := make(map[string]int64, len(rows))
	for _, row := range rows {
		depths[row.typ] = row.count
	}
	return depths, nil
}
