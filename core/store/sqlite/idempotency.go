package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/headrace/headrace/core/task"
)

// Idempotent finds the remembered answer to a request; nil when there is none
// or it has expired.
func (s *Store) Idempotent(ctx context.Context, principal, route, key string) (*task.Idempotency, error) {
	return findAnswer(ctx, s.readers.stmts[qIdempotencyFind], s.now(), principal, route, key)
}

func findAnswer(ctx context.Context, stmt *sql.Stmt, now time.Time, principal, route, key string) (*task.Idempotency, error) {
	found := task.Idempotency{Principal: principal, Route: route, Key: key}
	var expires sql.NullInt64
	err := stmt.QueryRowContext(ctx, principal, route, key, now.UnixMicro()).
		Scan(&found.RequestHash, &found.Status, &found.Body, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find idempotency key: %w", err)
	}
	found.Expires = timeOf(expires)
	return &found, nil
}

// request is the submissions of a group that share an Idempotency-Key, or one
// without.
type request struct {
	key *task.Idempotency
	// items are positions in the group.
	items []int
}

// requestsOf sorts the submissions by request, in the order in which the
// requests begin.
func requestsOf(subs []task.Submission) []*request {
	list := make([]*request, 0, len(subs))
	known := make(map[*task.Idempotency]*request)
	for i := range subs {
		key := subs[i].Idempotency
		if r, ok := known[key]; ok {
			r.items = append(r.items, i)
			continue
		}
		r := &request{key: key, items: []int{i}}
		list = append(list, r)
		if key != nil {
			known[key] = r
		}
	}
	return list
}

// keyTaken tells whether an earlier request used the key, be it one of the same
// group.
func (b *batch) keyTaken(ctx context.Context, key *task.Idempotency) (bool, error) {
	if key == nil {
		return false, nil
	}
	if err := checkTexts(key.Principal, key.Route, key.Key); err != nil {
		return false, err
	}
	found, err := findAnswer(ctx, b.stmt(ctx, qIdempotencyFind), b.now, key.Principal, key.Route, key.Key)
	return found != nil, err
}

// conclude writes the answer to a request of which something was inserted.
func (b *batch) conclude(ctx context.Context, r *request, results []task.InsertResult) error {
	if r.key == nil {
		return nil
	}
	fates, inserted := make([]task.InsertResult, len(r.items)), false
	for n, i := range r.items {
		fates[n] = results[i]
		inserted = inserted || results[i].Fate == task.Inserted
	}
	if !inserted {
		return nil
	}
	status, body := r.key.Status, r.key.Body
	if r.key.Render != nil {
		status, body = r.key.Render(fates)
	}
	written, err := b.exec(ctx, qIdempotencyPut, r.key.Principal, r.key.Route, r.key.Key,
		notNil(r.key.RequestHash), int64(status), notNil(body), r.key.Expires.UnixMicro(), b.now.UnixMicro())
	if err == nil && written != 1 {
		err = fmt.Errorf("idempotency key %q was free and is taken in one transaction", r.key.Key)
	}
	return err
}

// notNil is an empty value for a column that takes no NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
