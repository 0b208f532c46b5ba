package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/headrace/headrace/core/task"
)

// querier runs a question: a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// collect runs a question and scans all of its rows.
func collect[T any](ctx context.Context, db querier, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// first returns the first row of a question; ok is false when there is none.
func first[T any](ctx context.Context, db querier, scan pgx.RowToFunc[T], sql string, args ...any) (item T, ok bool, err error) {
	list, err := collect(ctx, db, scan, sql, args...)
	if err != nil || len(list) == 0 {
		return item, false, err
	}
	return list[0], true, nil
}

// scanID reads a row that is one id.
func scanID(row pgx.CollectableRow) (id uuid.UUID, err error) {
	return id, row.Scan((*[16]byte)(&id))
}

// Get finds a living or historical task.
func (s *Store) Get(ctx context.Context, id uuid.UUID) (task.Task, bool, error) {
	t, ok, err := first(ctx, s.readers, scanTask, s.queries[qGetTask], [16]byte(id))
	if err != nil {
		return task.Task{}, false, fail("get task", err)
	}
	return t, ok, nil
}

// Waiting lists hints of one type and priority that can be claimed now, those
// that have been ready for longest first.
func (s *Store) Waiting(ctx context.Context, typ string, p task.Priority, limit int) ([]task.Hint, error) {
	hints, err := collect(ctx, s.readers, scanHint, s.queries[qWaiting], typ, int16(p), limit)
	if err != nil {
		return nil, fail("waiting tasks", err)
	}
	return hints, nil
}

func scanHint(row pgx.CollectableRow) (h task.Hint, err error) {
	var ready time.Time
	err = row.Scan((*[16]byte)(&h.ID), &h.Type, (*int8)(&h.Priority), &ready)
	h.Order = ready.UnixMilli()
	return h, err
}

// dueRow is a row of due: now, and a hint unless there is none.
type dueRow struct {
	now, runAt time.Time
	hint       task.Hint
	none       bool
}

func scanDue(row pgx.CollectableRow) (d dueRow, err error) {
	var (
		id           pgtype.UUID
		typ          pgtype.Text
		priority     pgtype.Int2
		ready, runAt pgtype.Timestamptz
	)
	err = row.Scan(&d.now, &id, &typ, &priority, &ready, &runAt)
	d.none, d.runAt = !id.Valid, timeOf(runAt)
	d.hint = task.Hint{ID: id.Bytes, Type: typ.String, Priority: task.Priority(priority.Int16), Order: ready.Time.UnixMilli()}
	return d, err
}

// Due lists pending tasks whose run_at lies in (after, now], and now by the
// database's clock. When limit is reached, now is the run_at of the last one;
// tasks with that very run_at are all in, though they go beyond the limit, since
// the next call begins after it.
func (s *Store) Due(ctx context.Context, after time.Time, limit int) ([]task.Hint, time.Time, error) {
	from := pgtype.Timestamptz{Time: after, Valid: true}
	if after.IsZero() {
		from = pgtype.Timestamptz{InfinityModifier: pgtype.NegativeInfinity, Valid: true}
	}
	rows, err := collect(ctx, s.readers, scanDue, s.queries[qDue], from, limit)
	if err != nil {
		return nil, time.Time{}, fail("due tasks", err)
	}
	now, hints := rows[0].now, make([]task.Hint, 0, len(rows))
	if rows[0].none {
		return hints, now.UTC(), nil
	}
	for i := range rows {
		hints = append(hints, rows[i].hint)
	}
	if len(hints) >= limit {
		now = rows[len(rows)-1].runAt
	}
	return hints, now.UTC(), nil
}

// Overdue lists pending tasks past their deadline, the longest first.
func (s *Store) Overdue(ctx context.Context, limit int) ([]task.Task, error) {
	tasks, err := collect(ctx, s.readers, scanTask, s.queries[qOverdue], limit)
	if err != nil {
		return nil, fail("overdue tasks", err)
	}
	return tasks, nil
}

// RunningOn lists running tasks of one node.
func (s *Store) RunningOn(ctx context.Context, node uuid.UUID, limit int) ([]task.Task, error) {
	tasks, err := collect(ctx, s.readers, scanTask, s.queries[qRunningOn], [16]byte(node), limit)
	if err != nil {
		return nil, fail("running tasks", err)
	}
	return tasks, nil
}

// CancelsOn lists the running tasks of a node whose end was asked for.
func (s *Store) CancelsOn(ctx context.Context, node uuid.UUID) ([]uuid.UUID, error) {
	ids, err := collect(ctx, s.readers, scanID, s.queries[qCancelsOn], [16]byte(node))
	if err != nil {
		return nil, fail("cancel requests", err)
	}
	return ids, nil
}

// Depths counts the pending tasks by type.
func (s *Store) Depths(ctx context.Context) (map[string]int64, error) {
	rows, err := s.readers.Query(ctx, s.queries[qDepths])
	if err != nil {
		return nil, fail("queue depths", err)
	}
	depths := make(map[string]int64)
	var (
		typ   string
		count int64
	)
	_, err = pgx.ForEachRow(rows, []any{&typ, &count}, func() error {
		depths[typ] = count
		return nil
	})
	if err != nil {
		return nil, fail("queue depths", err)
	}
	return depths, nil
}
