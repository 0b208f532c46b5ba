package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/task"
)

const (
	// scanChunk is how many rows of each table are looked at between two looks
	// at the clock: a few milliseconds' worth.
	scanChunk = 1000
	// scanLimit is how long a list may look for rows that match; then it answers
	// what it has found, and where to go on (the contract says so).
	scanLimit = 200 * time.Millisecond
)

// List pages through living and historical tasks, newest first. It walks both
// tables down their keys, chunk by chunk, within one snapshot, so that a task
// which moves meanwhile is seen once.
func (s *Store) List(ctx context.Context, f task.Filter) (task.Page, error) {
	if f.Limit < 1 {
		return task.Page{}, fmt.Errorf("list tasks: a page of %d tasks", f.Limit)
	}
	page, err := s.list(ctx, f)
	if err != nil {
		return task.Page{}, fmt.Errorf("list tasks: %w", err)
	}
	return page, nil
}

func (s *Store) list(ctx context.Context, f task.Filter) (page task.Page, err error) {
	tx, err := s.readers.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return task.Page{}, err
	}
	defer func() { err = errors.Join(err, endSnapshot(tx)) }()
	l, err := newLister(ctx, tx, f, s.now)
	if err != nil {
		return task.Page{}, err
	}
	ids, next, err := l.search(ctx)
	if err != nil {
		return task.Page{}, err
	}
	living, ended := tx.StmtContext(ctx, s.readers.stmts[qGetLiving]), tx.StmtContext(ctx, s.readers.stmts[qGetEnded])
	page = task.Page{Next: next, Tasks: make([]task.Task, 0, len(ids))}
	for _, id := range ids {
		t, _, err := getTask(ctx, living, ended, id)
		if err != nil {
			return task.Page{}, err
		}
		page.Tasks = append(page.Tasks, t)
	}
	return page, nil
}

// endSnapshot rolls back, unless the end of the context has done so.
func endSnapshot(tx *sql.Tx) error {
	if err := tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

// lister is one search for a page of ids.
type lister struct {
	filter task.Filter
	now    func() time.Time
	until  time.Time
	// edges have one statement a table, which finds where the chunk below an id
	// ends; match finds the rows of a chunk.
	edges []*sql.Stmt
	match *sql.Stmt
	args  []any
}

// newLister prepares the statements of a search; they end with tx.
func newLister(ctx context.Context, tx *sql.Tx, f task.Filter, now func() time.Time) (*lister, error) {
	l := &lister{filter: f, now: now, until: now().Add(scanLimit)}
	text, args := listSQL(f)
	l.args = args
	for _, edge := range text.edges {
		stmt, err := tx.PrepareContext(ctx, edge) //nolint:sqlclosecheck // it ends with tx
		if err != nil {
			return nil, fmt.Errorf("prepare: %w", err)
		}
		l.edges = append(l.edges, stmt)
	}
	stmt, err := tx.PrepareContext(ctx, text.match)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	l.match = stmt
	return l, nil
}

// search goes down the ids until the page is full, the tables end, or time is
// out. next is the cursor of the next page.
func (l *lister) search(ctx context.Context) (ids []uuid.UUID, next uuid.UUID, err error) {
	lower, upper := idRange(l.filter)
	for less(lower, upper) {
		edge, err := l.edge(ctx, lower, upper)
		if err != nil {
			return nil, uuid.Nil, err
		}
		found, err := l.chunk(ctx, edge, upper)
		if err != nil {
			return nil, uuid.Nil, err
		}
		ids = append(ids, found...)
		if len(ids) > l.filter.Limit {
			ids = ids[:l.filter.Limit]
			return ids, ids[len(ids)-1], nil
		}
		if edge == lower {
			break
		}
		if !l.now().Before(l.until) {
			return ids, edge, nil
		}
		upper = edge
	}
	return ids, uuid.Nil, nil
}

// edge returns the lower bound, inclusive, of the chunk below upper: the ids
// down to it are at most scanChunk of each table.
func (l *lister) edge(ctx context.Context, lower, upper uuid.UUID) (uuid.UUID, error) {
	edge := lower
	for _, stmt := range l.edges {
		var (
			low uuid.UUID
			n   int
		)
		if err := stmt.QueryRowContext(ctx, l.params(lower, upper, scanChunk)...).Scan(&low, &n); err != nil {
			return uuid.Nil, fmt.Errorf("find chunk: %w", err)
		}
		if n == scanChunk && less(edge, low) {
			edge = low
		}
	}
	return edge, nil
}

// params are the parameters of all statements of a search.
func (l *lister) params(lower, upper uuid.UUID, limit int) []any {
	return append([]any{lower[:], upper[:], limit}, l.args...)
}

// candidate is a row that fits all but the metadata filter.
type candidate struct {
	id       uuid.UUID
	metadata []byte
}

func scanCandidate(row scanner) (c candidate, err error) {
	return c, row.Scan(&c.id, &c.metadata)
}

// chunk returns the matching ids from lower to upper, newest first.
func (l *lister) chunk(ctx context.Context, lower, upper uuid.UUID) (ids []uuid.UUID, err error) {
	limit := l.filter.Limit + 1
	if len(l.filter.Metadata) > 0 {
		limit = -1 // all of the chunk; the filter comes after
	}
	found, err := collect(ctx, l.match, scanCandidate, l.params(lower, upper, limit)...)
	if err != nil {
		return nil, fmt.Errorf("search chunk: %w", err)
	}
	for _, c := range found {
		fits, err := metadataFits(c.metadata, l.filter.Metadata)
		if err != nil {
			return nil, fmt.Errorf("task %s: %w", c.id, err)
		}
		if fits {
			ids = append(ids, c.id)
		}
	}
	return ids, nil
}
