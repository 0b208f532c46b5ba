package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// readerConns is the size of the reader pool: reads are short and served from
// the page cache, so more connections than a few cores only cost memory.
const readerConns = 4

// Pragmas of every connection. A negative cache_size counts KiB.
const (
	// busyPragma: how long, in ms, a connection waits for a lock that another
	// process holds (a backup, a shell); within this process nobody competes.
	busyPragma = "busy_timeout(5000)"
	walPragma  = "journal_mode(WAL)"
	// fullPragma: an fsync of the log at every commit. NORMAL would lose the last
	// commits when the power goes, and an accepted task is durable.
	fullPragma = "synchronous(FULL)"
	// writerCache is 64 MiB.
	writerCache = "cache_size(-65536)"
	// readerCache is 8 MiB for each of the readers.
	readerCache = "cache_size(-8192)"
	// checkpointPragma moves the log into the database every 4,000 pages
	// (16 MiB), journalPragma cuts it back to 64 MiB should it have grown.
	checkpointPragma = "wal_autocheckpoint(4000)"
	journalPragma    = "journal_size_limit(67108864)"
	// guardPragma: a read connection refuses to write.
	guardPragma = "query_only(true)"
)

// writerDSN opens transactions with BEGIN IMMEDIATE: the write lock first, so
// that no transaction fails half way because another one wrote.
func writerDSN(path string) string {
	return dsn(path, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {busyPragma, walPragma, fullPragma, writerCache, checkpointPragma, journalPragma},
	})
}

func readerDSN(path string) string {
	return dsn(path, url.Values{"_pragma": {busyPragma, readerCache, guardPragma}})
}

func dsn(path string, options url.Values) string {
	return (&url.URL{Scheme: "file", Path: path, RawQuery: options.Encode()}).String()
}

// pool is a set of connections with every statement prepared on them.
type pool struct {
	db    *sql.DB
	stmts map[query]*sql.Stmt
}

// openPool opens up to conns connections, which stay open, and prepares all
// statements, which proves that they fit the schema.
func openPool(ctx context.Context, dsn string, conns int) (*pool, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	p := &pool{db: db, stmts: make(map[query]*sql.Stmt)}
	if err := p.prepare(ctx); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *pool) prepare(ctx context.Context) error {
	texts, err := loadQueries()
	if err != nil {
		return err
	}
	for name, text := range texts {
		stmt, err := p.db.PrepareContext(ctx, text) //nolint:sqlclosecheck // close does it, also when this fails halfway
		if err != nil {
			return fmt.Errorf("prepare %s: %w", name, err)
		}
		p.stmts[name] = stmt
	}
	return nil
}

// close ends all connections; a nil pool has none.
func (p *pool) close() error {
	if p == nil {
		return nil
	}
	var errs []error
	for _, stmt := range p.stmts {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, p.db.Close())...)
}
