package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says where the store lives.
type Config struct {
	// URL of the database, or a connection string of libpq. Required.
	URL string
	// Lease is the length of a node's lease. A transaction that idles for a third
	// of it is ended by the server, since it holds up every follower of the audit
	// log. Default 15 s.
	Lease time.Duration
	// Logger hears of partitions that were made; nil: nobody does.
	Logger hclog.Logger
}

// defaultLease is the default of the server block (contract).
const defaultLease = 15 * time.Second

// Store is an open database. Its methods may be called from many goroutines at
// once.
type Store struct {
	log     hclog.Logger
	queries map[query]string

	// Each kind of work has connections of its own, so that a flood of one kind
	// never keeps another waiting: a node's lease is renewed whatever is being
	// inserted. Ten in all; more only compete for the same cores.
	inserts *pgxpool.Pool
	claims  *pgxpool.Pool
	settles *pgxpool.Pool
	control *pgxpool.Pool
	readers *pgxpool.Pool
}

// Open connects, checks the server and its schema, and makes the partitions of
// today. A *SchemaError says what to run; a *VersionError that the server is too
// old.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.URL == "" {
		return nil, errors.New("open store: no URL of a database")
	}
	if cfg.Lease < 0 {
		return nil, errors.New("open store: the lease must not be negative")
	}
	if cfg.Lease == 0 {
		cfg.Lease = defaultLease
	}
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	s := &Store{log: cfg.Logger}
	if err := s.open(ctx, cfg); err != nil {
		s.Close()
		return nil, fail("open store", err)
	}
	return s, nil
}

// open fills in the rest; what it has opened when it fails, Close closes.
func (s *Store) open(ctx context.Context, cfg Config) (err error) {
	if s.queries, err = loadQueries(); err != nil {
		return err
	}
	if err := checkServer(ctx, cfg.URL); err != nil {
		return err
	}
	for _, lane := range []struct {
		pool  **pgxpool.Pool
		conns int32
		tune  func(map[string]string)
	}{
		// Two for inserts: atomic batches do not wait for the group writer. Two for
		// settlements: recovery settles too.
		{&s.inserts, 2, forWriting},
		{&s.claims, 1, forWriting},
		{&s.settles, 2, forWriting},
		{&s.control, 2, forWriting},
		{&s.readers, 3, forReading},
	} {
		if *lane.pool, err = openPool(ctx, cfg, lane.conns, lane.tune); err != nil {
			return err
		}
	}
	return s.makePartitions(ctx, daysFrom(time.Now(), 1))
}

// pools lists the pools by what they are for.
func (s *Store) pools() map[string]*pgxpool.Pool {
	return map[string]*pgxpool.Pool{
		"inserts": s.inserts, "claims": s.claims, "settles": s.settles, "control": s.control, "readers": s.readers,
	}
}

// Close ends all connections and waits for the work on them.
func (s *Store) Close() {
	for _, pool := range s.pools() {
		if pool != nil {
			pool.Close()
		}
	}
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.readers.Ping(ctx); err != nil {
		return fail("ping store", err)
	}
	return nil
}
