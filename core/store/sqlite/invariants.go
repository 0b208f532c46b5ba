package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/invariant"
)

// Each file answers one rule of core/invariant: a row with subject and detail for
// every place where it does not hold.
//
//go:embed invariants/*.sql
var invariantFiles embed.FS

// Snapshot gives a view of what is stored now.
func (i *Inspector) Snapshot(ctx context.Context, look func(invariant.Snapshot) error) (err error) {
	tx, err := i.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("look at a snapshot: %w", err)
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	return look(snapshot{tx})
}

// snapshot is one transaction that only reads.
type snapshot struct {
	tx *sql.Tx
}

// Broken implements invariant.Snapshot.
func (s snapshot) Broken(ctx context.Context, rule invariant.Rule, limit int) (found []invariant.Finding, count int, err error) {
	question, err := invariantFiles.ReadFile("invariants/" + string(rule) + ".sql")
	if err != nil {
		return nil, 0, fmt.Errorf("this store has no question for the rule: %w", err)
	}
	text := "SELECT subject, detail, count(*) OVER () FROM (" + string(question) + //nolint:gosec // G202: the question is a file of this package
		") AS broken ORDER BY subject, detail LIMIT ?1"
	rows, err := s.tx.QueryContext(ctx, text, limit)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var f invariant.Finding
		if err := rows.Scan(&f.Subject, &f.Detail, &count); err != nil {
			return nil, 0, err
		}
		if id, err := uuid.Parse(f.Subject); err == nil {
			f.Subject = id.String() // with the dashes that it has everywhere else
		}
		found = append(found, f)
	}
	return found, count, rows.Err()
}

// Counts implements invariant.Snapshot.
func (s snapshot) Counts(ctx context.Context) (c invariant.Counts, err error) {
	const ask = `SELECT (SELECT count(*) FROM tasks), (SELECT count(*) FROM task_history), (SELECT count(*) FROM audit_events)`
	return c, s.tx.QueryRowContext(ctx, ask).Scan(&c.Living, &c.Ended, &c.Events)
}
