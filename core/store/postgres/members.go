package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/headrace/headrace/core/node"
)

// Members lists the nodes that live, hold work, or went in the last day, newest
// first, with what they do.
func (s *Store) Members(ctx context.Context, limit int) ([]node.Member, error) {
	members, err := collect(ctx, s.readers, scanMember, s.queries[qMembers], limit)
	if err != nil {
		return nil, fail("list members", err)
	}
	return members, nil
}

func scanMember(row pgx.CollectableRow) (m node.Member, err error) {
	var dead pgtype.Timestamptz
	var holds, named bool
	err = row.Scan((*[16]byte)(&m.ID), &m.Name, &m.Version, &m.Started, &m.LeaseUntil, &dead, &m.ConfigHash,
		&holds, &m.Running, &named)
	m.Started, m.LeaseUntil, m.DeadAt = m.Started.UTC(), m.LeaseUntil.UTC(), timeOf(dead)
	m.Judge(holds, named)
	return m, err
}
