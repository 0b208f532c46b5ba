package postgres

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
)

// connectTimeout bounds one attempt to connect.
const connectTimeout = 5 * time.Second

// forWriting sets the planner up for the group statements. They look rows up by
// id whatever the statistics say: a table that has grown since they were taken
// would be read as a whole instead (seen: ten times slower, for minutes).
// Generic plans cost no planning in each group. Just-in-time compilation takes
// longer than the statements.
func forWriting(params map[string]string) {
	params["enable_hashjoin"] = "off"
	params["enable_mergejoin"] = "off"
	params["enable_seqscan"] = "off"
	params["plan_cache_mode"] = "force_generic_plan"
	params["jit"] = "off"
}

// forReading plans for the values at hand: which partitions and which partial
// index serve a question depends on them.
func forReading(params map[string]string) {
	params["plan_cache_mode"] = "force_custom_plan"
	params["jit"] = "off"
}

// openPool opens a pool and all of its connections, so that no first caller
// pays for them.
func openPool(ctx context.Context, cfg Config, conns int32, tune func(map[string]string)) (*pgxpool.Pool, error) {
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("read the URL: %w", err)
	}
	pc.MaxConns, pc.MinConns = conns, conns
	configure(pc.ConnConfig)
	params := pc.ConnConfig.RuntimeParams
	params["idle_in_transaction_session_timeout"] = strconv.FormatInt((cfg.Lease / 3).Milliseconds(), 10)
	tune(params)
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("open pool: %w", err)
	}
	if err := warm(ctx, pool, conns); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// configure sets what all connections share.
func configure(cc *pgx.ConnConfig) {
	if cc.ConnectTimeout == 0 {
		cc.ConnectTimeout = connectTimeout
	}
	if cc.RuntimeParams["application_name"] == "" {
		cc.RuntimeParams["application_name"] = "headrace"
	}
}

// warm holds all connections of a pool at once.
func warm(ctx context.Context, pool *pgxpool.Pool, conns int32) error {
	group, ctx := errgroup.WithContext(ctx)
	held := make(chan *pgxpool.Conn, conns)
	for range conns {
		group.Go(func() error {
			conn, err := pool.Acquire(ctx)
			if err != nil {
				return fmt.Errorf("connect: %w", err)
			}
			held <- conn
			return nil
		})
	}
	err := group.Wait()
	close(held)
	for conn := range held {
		conn.Release()
	}
	return err
}
