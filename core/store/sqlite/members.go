package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/headrace/headrace/core/node"
)

// Members lists the nodes that live, hold work, or went in the last day, newest
// first, with what they do.
func (s *Store) Members(ctx context.Context, limit int) ([]node.Member, error) {
	now := s.now()
	members, err := collect(ctx, s.readers.stmts[qMembers], scanMember, now.UnixMicro(), now.Add(-24*time.Hour).UnixMicro(), limit)
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	return members, nil
}

func scanMember(row scanner) (m node.Member, err error) {
	var started, lease, dead sql.NullInt64
	var holds, named bool
	err = row.Scan(&m.ID, &m.Name, &m.Version, &started, &lease, &dead, &m.ConfigHash, &holds, &m.Running, &named)
	if err != nil {
		return node.Member{}, fmt.Errorf("scan member: %w", err)
	}
	m.Started, m.LeaseUntil, m.DeadAt = timeOf(started), timeOf(lease), timeOf(dead)
	m.Judge(holds, named)
	return m, nil
}
