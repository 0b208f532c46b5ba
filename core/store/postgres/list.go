package postgres

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/headrace/headrace/core/task"
)

const (
	// scanLimit is how long a list may look for rows that fit; then it answers what
	// it has found, and where to go on (the contract says so).
	scanLimit = 200 * time.Millisecond
	// The rows of each table that are looked at between two looks at the clock:
	// the first chunk is small, since metadata may be large; quick chunks grow.
	firstChunk = 500
	mostChunk  = 8000
	quickChunk = 20 * time.Millisecond
)

// List pages through living and historical tasks, newest first. Where an index
// serves the filter, or nothing is filtered, the first chunk has the page;
// otherwise it looks at one chunk after the other, for a bounded time.
func (s *Store) List(ctx context.Context, f task.Filter) (task.Page, error) {
	if f.Limit < 1 {
		return task.Page{}, fmt.Errorf("list tasks: a page of %d tasks", f.Limit)
	}
	w := newWalk(f)
	page, err := w.run(ctx, func(args []any) ([]listRow, error) {
		return collect(ctx, s.readers, scanListRow, s.queries[qListTasks], args...)
	})
	if err != nil {
		return task.Page{}, fail("list tasks", err)
	}
	return page, nil
}

// walk is one search for a page.
type walk struct {
	limit        int
	lower, upper uuid.UUID
	chunk        int
	// filter are the parameters of list_tasks from $5 on.
	filter []any
	until  time.Time
}

func newWalk(f task.Filter) *walk {
	w := &walk{limit: f.Limit, chunk: max(firstChunk, f.Limit+1), filter: filterArgs(f), until: time.Now().Add(scanLimit)}
	w.lower, w.upper = idRange(f)
	return w
}

// run looks at chunks until the page is full, the tables end, or time is out.
func (w *walk) run(ctx context.Context, look func(args []any) ([]listRow, error)) (page task.Page, err error) {
	page.Tasks = make([]task.Task, 0, w.limit)
	for less(w.lower, w.upper) {
		begin := time.Now()
		missing := w.limit + 1 - len(page.Tasks)
		rows, err := look(append([]any{[16]byte(w.lower), [16]byte(w.upper), w.chunk, missing}, w.filter...))
		if err != nil {
			return task.Page{}, err
		}
		for i := range rows {
			if rows[i].fits {
				page.Tasks = append(page.Tasks, rows[i].task)
			}
		}
		if len(page.Tasks) > w.limit {
			page.Tasks = page.Tasks[:w.limit]
			page.Next = page.Tasks[w.limit-1].ID
			return page, nil
		}
		w.upper = rows[0].edge
		if less(w.lower, w.upper) && time.Now().After(w.until) {
			page.Next = w.upper
			return page, nil
		}
		w.adapt(time.Since(begin))
		if ctx.Err() != nil {
			return task.Page{}, ctx.Err()
		}
	}
	return page, nil
}

// adapt chooses the size of the next chunk by what the last one took.
func (w *walk) adapt(took time.Duration) {
	if took < quickChunk {
		w.chunk = min(2*w.chunk, mostChunk)
	} else {
		w.chunk = max(w.chunk/2, firstChunk)
	}
}

// filterArgs are the parameters of list_tasks from $5 on. A status walks the
// table by its own index, but for completed, which nearly all of the history
// is; a type walks the history, unless a rare status does.
func filterArgs(f task.Filter) []any {
	var livingStatus, endedStatus, status, priority pgtype.Int2
	inLiving, inEnded := true, true
	if f.Status != nil {
		status = pgtype.Int2{Int16: int16(*f.Status), Valid: true}
		inEnded = f.Status.Final()
		inLiving = !inEnded
		livingStatus = pgtype.Int2{Int16: status.Int16, Valid: inLiving}
		endedStatus = pgtype.Int2{Int16: status.Int16, Valid: inEnded && *f.Status != task.Completed}
	}
	if f.Priority != nil {
		priority = pgtype.Int2{Int16: int16(*f.Priority), Valid: true}
	}
	typ := optional(f.Type)
	endedType := typ
	if endedStatus.Valid {
		endedType = pgtype.Text{}
	}
	keys, values := make([]string, 0, len(f.Metadata)), make([]string, 0, len(f.Metadata))
	for key, value := range f.Metadata {
		keys, values = append(keys, key), append(values, value)
	}
	return []any{
		inLiving, inEnded, livingStatus, endedStatus, endedType,
		typ, status, priority, optional(f.CreatedBy), keys, values,
	}
}

// optional is a text that a row must have; "" stands for any.
func optional(s string) pgtype.Text { return pgtype.Text{String: s, Valid: s != ""} }

// idRange turns the bounds of a filter into ids, the lower one inclusive, the
// upper one exclusive: an id begins with its creation time.
func idRange(f task.Filter) (lower, upper uuid.UUID) {
	upper = uuid.Max
	if !f.From.IsZero() {
		lower = firstID(f.From)
	}
	if !f.To.IsZero() {
		upper = firstID(f.To)
	}
	if f.Before != uuid.Nil && less(f.Before, upper) {
		upper = f.Before
	}
	return lower, upper
}

func less(a, b uuid.UUID) bool { return bytes.Compare(a[:], b[:]) < 0 }

// listRow is a row of list_tasks: where the chunk ends, and a task that fits.
type listRow struct {
	edge uuid.UUID
	task task.Task
	fits bool
}

// scanListRow reads the row that holds the edge alone as one that fits nothing.
func scanListRow(row pgx.CollectableRow) (r listRow, err error) {
	// The first column of a task is its id: NULL when there is no task.
	if values := row.RawValues(); values[1] == nil {
		targets := make([]any, len(values)) // nil: not wanted
		targets[0] = (*[16]byte)(&r.edge)
		return r, row.Scan(targets...)
	}
	var columns taskRow
	if err := row.Scan(append([]any{(*[16]byte)(&r.edge)}, columns.targets()...)...); err != nil {
		return listRow{}, fmt.Errorf("scan task: %w", err)
	}
	r.fits = true
	r.task, err = columns.finish()
	return r, err
}
