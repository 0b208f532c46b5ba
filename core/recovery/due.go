package recovery

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/core/task"
)

// DueStore lists tasks by their run_at.
type DueStore interface {
	Due(ctx context.Context, after time.Time, limit int) (hints []task.Hint, now time.Time, err error)
}

// Offers takes hints without waiting.
type Offers interface {
	Offer(hints []task.Hint)
}

// Due moves delayed tasks into the queue when their time has come.
type Due struct {
	cfg DueConfig
	// after is up to where run_at was looked at, by the store's clock.
	after time.Time
}

// DueConfig of a Due. Store and Offers are required.
type DueConfig struct {
	Store  DueStore
	Offers Offers
	// Every is the time between two looks, which is how late a delayed task may
	// start. Default 500 ms.
	Every  time.Duration
	Logger hclog.Logger
}

// overlap is looked at again each turn: a transaction that began before the
// last look may have committed after it. An id that is pushed twice is harmless.
const overlap = 5 * time.Second

// dueMost bounds one turn.
const dueMost = 1000

// NewDue makes a Due; Run starts it.
func NewDue(cfg DueConfig) (*Due, error) {
	if cfg.Store == nil || cfg.Offers == nil {
		return nil, errors.New("recovery: a store and offers are needed")
	}
	if cfg.Every == 0 {
		cfg.Every = 500 * time.Millisecond
	}
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	return &Due{cfg: cfg}, nil
}

// Run moves tasks until ctx ends; it returns nil.
func (d *Due) Run(ctx context.Context) error {
	return every(ctx, d.cfg.Every, nil, d.cfg.Logger, d.move)
}

// move is one turn.
func (d *Due) move(ctx context.Context) error {
	for ctx.Err() == nil {
		hints, now, err := d.cfg.Store.Due(ctx, d.after, dueMost)
		if err != nil {
			return err
		}
		d.cfg.Offers.Offer(hints)
		if len(hints) < dueMost {
			d.after = now.Add(-overlap)
			return nil
		}
		d.after = now
	}
	return nil
}
