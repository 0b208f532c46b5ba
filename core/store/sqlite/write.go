package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	"github.com/headrace/headrace/core/task"
)

// batch is one transaction of the writer.
type batch struct {
	tx    *sql.Tx
	pool  *pool
	stmts map[query]*sql.Stmt
	// now is the store's clock, read once the write lock was held.
	now time.Time
}

// write runs do in a transaction of the writer. ctx can end the wait for the
// connection; a transaction that has begun goes on to its end, which is near:
// its groups are bounded, and others may share them.
func (s *Store) write(ctx context.Context, op string, do func(context.Context, *batch) error) (err error) {
	conn, err := s.writer.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("%s: wait for the writer: %w", op, err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	ctx = context.WithoutCancel(ctx)
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: begin: %w", op, err)
	}
	b := &batch{tx: tx, pool: s.writer, stmts: make(map[query]*sql.Stmt), now: s.now()}
	if err := do(ctx, b); err != nil {
		return errors.Join(refusal(op, err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: commit: %w", op, err)
	}
	return nil
}

// stmt binds a prepared statement to the transaction, once.
func (b *batch) stmt(ctx context.Context, q query) *sql.Stmt {
	if stmt, ok := b.stmts[q]; ok {
		return stmt
	}
	stmt := b.tx.StmtContext(ctx, b.pool.stmts[q])
	b.stmts[q] = stmt
	return stmt
}

// exec runs a statement and returns how many rows it changed.
func (b *batch) exec(ctx context.Context, q query, args ...any) (int64, error) {
	result, err := b.stmt(ctx, q).ExecContext(ctx, args...) //nolint:sqlclosecheck // it ends with tx
	if err != nil {
		return 0, fmt.Errorf("%s: %w", q, err)
	}
	return result.RowsAffected()
}

// count runs a statement whose answer is one number.
func (b *batch) count(ctx context.Context, q query, args ...any) (n int64, err error) {
	if err := b.stmt(ctx, q).QueryRowContext(ctx, args...).Scan(&n); err != nil { //nolint:sqlclosecheck // it ends with tx
		return 0, fmt.Errorf("%s: %w", q, err)
	}
	return n, nil
}

// refusal wraps err; when the data is to blame and not the store, as a
// *task.RefusedError.
func refusal(op string, err error) error {
	if refused := new(task.RefusedError); errors.As(err, &refused) {
		return err
	}
	wrapped := fmt.Errorf("%s: %w", op, err)
	if blamesData(err) {
		return &task.RefusedError{Err: wrapped}
	}
	return wrapped
}

// blamesData tells whether SQLite says that a value cannot be kept.
func blamesData(err error) bool {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return false
	}
	switch failure.Code() & 0xff { // the rest of the code says more of the same
	case sqlitelib.SQLITE_CONSTRAINT, sqlitelib.SQLITE_TOOBIG, sqlitelib.SQLITE_MISMATCH:
		return true
	case sqlitelib.SQLITE_ERROR:
		return strings.Contains(failure.Error(), "malformed JSON")
	}
	return false
}
