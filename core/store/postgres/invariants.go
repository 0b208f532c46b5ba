package postgres

import (
	"context"
	"embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/core/invariant"
)

// Each file answers one rule of core/invariant: a row with subject and detail for
// every place where it does not hold.
//
//go:embed invariants/*.sql
var invariantFiles embed.FS

// Snapshot gives a view of what is stored now.
func (i *Inspector) Snapshot(ctx context.Context, look func(invariant.Snapshot) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, i.conn, options, func(tx pgx.Tx) error { return look(snapshot{tx}) })
	if err != nil {
		return fail("look at a snapshot", err)
	}
	return nil
}

// snapshot is one transaction that only reads.
type snapshot struct {
	tx pgx.Tx
}

// Broken implements invariant.Snapshot.
func (s snapshot) Broken(ctx context.Context, rule invariant.Rule, limit int) (found []invariant.Finding, count int, err error) {
	question, err := invariantFiles.ReadFile("invariants/" + string(rule) + ".sql")
	if err != nil {
		return nil, 0, fmt.Errorf("this store has no question for the rule: %w", err)
	}
	found, err = collect(ctx, s.tx, func(row pgx.CollectableRow) (f invariant.Finding, err error) {
		return f, row.Scan(&f.Subject, &f.Detail, &count)
	}, "SELECT subject, detail, count(*) OVER () FROM ("+string(question)+") AS broken ORDER BY subject, detail LIMIT $1", limit)
	return found, count, err
}

// Counts implements invariant.Snapshot.
func (s snapshot) Counts(ctx context.Context) (c invariant.Counts, err error) {
	const ask = `SELECT (SELECT count(*) FROM tasks), (SELECT count(*) FROM task_history), (SELECT count(*) FROM audit_events)`
	return c, s.tx.QueryRow(ctx, ask).Scan(&c.Living, &c.Ended, &c.Events)
}
