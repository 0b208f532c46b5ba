package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"
)

// Config says where the store lives.
type Config struct {
	// Path of the database file. Its folder is made when it is missing. Beside
	// it lie PATH.lock and, while it is open, PATH-wal and PATH-shm.
	Path string
	// Logger hears what goes wrong while closing; nil: nobody does.
	Logger hclog.Logger
}

// Store is an open database file. Its methods may be called from many
// goroutines at once.
type Store struct {
	log     hclog.Logger
	lock    *fileLock
	writer  *pool
	readers *pool
	now     func() time.Time
	// orphans were not declared dead when the store was opened: the starts of
	// earlier processes, which are gone, since this one holds the lock.
	orphans []uuid.UUID
	close   sync.Once
}

// Open opens the file, which must hold the schema that this program knows; a
// *SchemaError says what to run, a *LockedError which process has the file.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	path, err := prepareFile(cfg.Path)
	if err != nil {
		return nil, err
	}
	lock, err := acquireLock(path)
	if err != nil {
		return nil, err
	}
	s := &Store{log: cfg.Logger, lock: lock, now: time.Now}
	if err := s.open(ctx, path); err != nil {
		s.Close()
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	return s, nil
}

// open fills in the rest; what it has opened when it fails, Close closes.
func (s *Store) open(ctx context.Context, path string) (err error) {
	if err := checkSchema(ctx, path); err != nil {
		return err
	}
	if s.writer, err = openPool(ctx, writerDSN(path), 1); err != nil {
		return err
	}
	if s.readers, err = openPool(ctx, readerDSN(path), readerConns); err != nil {
		return err
	}
	s.orphans, err = s.ids(ctx, qLivingNodes)
	return err
}

// Close ends all connections and gives the lock back. Calls after the first do
// nothing.
func (s *Store) Close() {
	s.close.Do(func() {
		err := errors.Join(s.readers.close(), s.writer.close(), s.lock.release())
		if err != nil {
			s.log.Error("closing the store", "error", err)
		}
	})
}

// Ping tells whether the file can be read.
func (s *Store) Ping(ctx context.Context) error {
	var n int
	if err := s.readers.db.QueryRowContext(ctx, "SELECT count(*) FROM queue_epochs").Scan(&n); err != nil {
		return fmt.Errorf("ping store: %w", err)
	}
	return nil
}

// expireChunk bounds how many rows one transaction of Maintain removes.
const expireChunk = 1000

// Maintain removes expired idempotency rows, a chunk a transaction, so that
// other writers get their turn in between.
func (s *Store) Maintain(ctx context.Context) error {
	for removed := int64(expireChunk); removed == expireChunk; {
		err := s.write(ctx, "expire idempotency keys", func(ctx context.Context, b *batch) (err error) {
			removed, err = b.exec(ctx, qIdempotencyExpire, micros(b.now), expireChunk)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ids runs a query for one column of ids.
func (s *Store) ids(ctx context.Context, q query, args ...any) ([]uuid.UUID, error) {
	return collect(ctx, s.readers.stmts[q], scanID, args...)
}

func scanID(row scanner) (id uuid.UUID, err error) {
	return id, row.Scan(&id)
}

// scanner is a row that stands ready: *sql.Row or *sql.Rows.
type scanner interface {
	Scan(dest ...any) error
}

// collect runs a statement and scans all of its rows.
func collect[T any](ctx context.Context, stmt *sql.Stmt, scan func(scanner) (T, error), args ...any) (list []T, err error) {
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, rows.Err()
}

// first scans the first row of a statement; ok is false when there is none.
// The statement runs to its end, as one with RETURNING has to.
func first[T any](ctx context.Context, stmt *sql.Stmt, scan func(scanner) (T, error), args ...any) (item T, ok bool, err error) {
	list, err := collect(ctx, stmt, scan, args...)
	if err != nil || len(list) == 0 {
		return item, false, err
	}
	return list[0], true, nil
}
