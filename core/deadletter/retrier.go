package deadletter

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Retrier retries dead letters by itself, each a few times, later each time.
type Retrier struct {
	cfg RetrierConfig
}

// RetrierConfig of a Retrier. Store, Offers, Leads, Limit and Backoff are
// required.
type RetrierConfig struct {
	Store  RetrierStore
	Offers Offers
	// Leads tells whether this node does the housekeeping; two are harmless.
	Leads func() bool
	// Limit is how often a task is redriven, by people or by itself, before the
	// automatic retry leaves it alone.
	Limit int
	// Backoff is the wait before the first retry; it doubles with each redrive.
	Backoff time.Duration
	// Every is the time between two looks. Default a quarter of Backoff, between
	// 100 ms and 10 s.
	Every  time.Duration
	Logger hclog.Logger
}

const (
	shortestLook = 100 * time.Millisecond
	longestLook  = 10 * time.Second
)

// NewRetrier makes a Retrier; Run starts it.
func NewRetrier(cfg RetrierConfig) (*Retrier, error) {
	if cfg.Store == nil || cfg.Offers == nil || cfg.Leads == nil || cfg.Limit < 1 || cfg.Backoff <= 0 {
		return nil, errors.New("deadletter: a retrier needs a store, offers, a limit, a back-off and to know who leads")
	}
	if cfg.Every == 0 {
		cfg.Every = min(max(cfg.Backoff/4, shortestLook), longestLook)
	}
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	return &Retrier{cfg: cfg}, nil
}

// Run retries until ctx ends; it returns nil.
func (r *Retrier) Run(ctx context.Context) error {
	return every(ctx, r.cfg.Every, r.cfg.Logger, r.retry)
}

// retry is one turn.
func (r *Retrier) retry(ctx context.Context) error {
	for ctx.Err() == nil && r.cfg.Leads() {
		tasks, err := r.cfg.Store.RetryDead(ctx, r.cfg.Limit, r.cfg.Backoff, stepMost, Asker{}.redriven("automatic"))
		if err != nil {
			return err
		}
		if len(tasks) > 0 {
			offer(r.cfg.Offers, tasks...)
		}
		if len(tasks) < stepMost {
			return nil
		}
	}
	return nil
}

// every calls turn once a period until ctx ends; it returns nil. Errors are
// logged, here and only here.
func every(ctx context.Context, period time.Duration, log hclog.Logger, turn func(context.Context) error) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if err := turn(ctx); err != nil && ctx.Err() == nil {
			log.Warn("turn failed, will be tried again", "error", err)
		}
		timer.Reset(period)
	}
}
