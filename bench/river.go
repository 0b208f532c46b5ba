package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// What River is run with. Its fetches take as many jobs as workers are free, so throughput follows
// the number of workers.
const (
	riverWorkers     = 1000
	riverConnections = submitters
	riverBatch       = 1000
)

// riverArgs is a River job with the payload of the others.
type riverArgs struct {
	Order string  `json:"order"`
	Items []int   `json:"items"`
	Total float64 `json:"total"`
}

// Kind names the job.
func (riverArgs) Kind() string { return "echo" }

var riverPayload = riverArgs{Order: "1f0c7a52-9d7e-4c1b", Items: []int{3, 1, 4, 1, 5}, Total: 42.95}

type riverWorker struct {
	river.WorkerDefaults[riverArgs]
	starts chan time.Time
}

// Work does nothing but note when.
func (w *riverWorker) Work(context.Context, *river.Job[riverArgs]) error {
	noteStart(w.starts)
	return nil
}

// riverRig is River with its workers in this process.
type riverRig struct {
	pool      *pgxpool.Pool
	drop      func(context.Context) error
	client    *river.Client[pgx.Tx]
	starts    chan time.Time
	completed <-chan *river.Event
	end       func()
	seen      int
	started   bool
}

// newRiver makes a rig; zero times are River's defaults.
func newRiver(workers, tasks int, cooldown, interval time.Duration) func(context.Context, *services) (rig, error) {
	return func(ctx context.Context, s *services) (rig, error) {
		address, drop, err := s.freshDatabase(ctx)
		if err != nil {
			return nil, err
		}
		r := &riverRig{drop: drop, starts: make(chan time.Time, 1)}
		if err := r.open(ctx, address, river.Config{FetchCooldown: cooldown, FetchPollInterval: interval}, workers, tasks); err != nil {
			return nil, errors.Join(err, r.close(ctx))
		}
		return r, nil
	}
}

// open connects, migrates and makes the client; tasks is how many events it must be able to keep.
func (r *riverRig) open(ctx context.Context, address string, cfg river.Config, workers, tasks int) error {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return err
	}
	config.MaxConns = riverConnections
	if r.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return err
	}
	quiet := slog.New(slog.DiscardHandler)
	migrator, err := rivermigrate.New(riverpgxv5.New(r.pool), &rivermigrate.Config{Logger: quiet})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate River: %w", err)
	}
	cfg.Logger = quiet
	cfg.Workers = river.NewWorkers()
	river.AddWorker(cfg.Workers, &riverWorker{starts: r.starts})
	cfg.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}}
	if r.client, err = river.NewClient(riverpgxv5.New(r.pool), &cfg); err != nil {
		return err
	}
	// The event follows the update of the row.
	r.completed, r.end = r.client.SubscribeConfig(&river.SubscribeConfig{
		ChanSize: tasks + riverBatch, Kinds: []river.EventKind{river.EventKindJobCompleted},
	})
	return nil
}

func (r *riverRig) preload(ctx context.Context, n int) error {
	for left := n; left > 0; left -= riverBatch {
		jobs := make([]river.InsertManyParams, min(left, riverBatch))
		for i := range jobs {
			jobs[i].Args = riverPayload
		}
		if _, err := r.client.InsertManyFast(ctx, jobs); err != nil {
			return err
		}
	}
	return nil
}

func (r *riverRig) arm(context.Context) error { return nil }

func (r *riverRig) start(ctx context.Context) error {
	r.started = true
	return r.client.Start(context.WithoutCancel(ctx))
}

func (r *riverRig) warm(ctx context.Context) error {
	if _, err := r.pickUp(ctx); err != nil {
		return err
	}
	err := r.done(ctx, 1)
	r.seen = 0
	return err
}

func (r *riverRig) submit(ctx context.Context) error {
	_, err := r.client.Insert(ctx, riverPayload, nil)
	return err
}

func (r *riverRig) done(ctx context.Context, n int) error {
	for ; r.seen < n; r.seen++ {
		select {
		case <-ctx.Done():
			return fmt.Errorf("River has completed %d of %d: %w", r.seen, n, ctx.Err())
		case <-r.completed:
		}
	}
	return nil
}

func (r *riverRig) pickUp(ctx context.Context) (time.Time, error) {
	return pickUpHere(ctx, r.starts, r.submit)
}

func (r *riverRig) engine() int { return 0 }

func (r *riverRig) figures(context.Context) (map[string]float64, error) { return nil, nil }

func (r *riverRig) close(ctx context.Context) error {
	var errs []error
	if r.started {
		errs = append(errs, r.client.Stop(ctx))
	}
	if r.end != nil {
		r.end()
	}
	if r.pool != nil {
		r.pool.Close()
	}
	return errors.Join(append(errs, r.drop(ctx))...)
}
