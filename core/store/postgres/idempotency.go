package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/headrace/headrace/core/task"
)

// Idempotent finds the remembered answer to a request; nil when there is none or
// it has expired.
func (s *Store) Idempotent(ctx context.Context, principal, route, key string) (*task.Idempotency, error) {
	answer, ok, err := first(ctx, s.readers, scanAnswer, s.queries[qFindAnswer], principal, route, key)
	if err != nil {
		return nil, fail("find answer", err)
	}
	if !ok {
		return nil, nil
	}
	answer.Principal, answer.Route, answer.Key = principal, route, key
	return &answer, nil
}

func scanAnswer(row pgx.CollectableRow) (i task.Idempotency, err error) {
	var expires pgtype.Timestamptz
	err = row.Scan(&i.RequestHash, &i.Status, &i.Body, &expires)
	i.Expires = timeOf(expires)
	return i, err
}
