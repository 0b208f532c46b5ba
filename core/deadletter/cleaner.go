package deadletter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headrace/headrace/core/archive"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// Archive keeps what is evicted. A Write that returns has reached the disk.
type Archive interface {
	Write(ctx context.Context, b archive.Batch) (archive.File, error)
}

// Cleaner evicts dead letters that are too old or too many, the oldest first.
type Cleaner struct {
	cfg     CleanerConfig
	metrics *metrics
	// one holds back a second clean-up of this node; it would only do the same.
	one sync.Mutex
}

// CleanerConfig of a Cleaner. Store, Leads, MaxSize, Retention and Every are
// required.
type CleanerConfig struct {
	Store CleanerStore
	// Archive gets what is evicted before it is removed; nil: nothing does.
	Archive Archive
	// Leads tells whether this node does the housekeeping. That two do is
	// harmless: what is evicted twice is removed once.
	Leads func() bool
	// MaxSize is how many dead letters are kept, Retention how long.
	MaxSize   int64
	Retention time.Duration
	// Every is the time between two clean-ups.
	Every time.Duration
	// CountEvery is the time between two looks at the number of dead letters, for
	// the metric. Default 5 s.
	CountEvery time.Duration
	Logger     hclog.Logger
	Registerer prometheus.Registerer
}

// Cleaned is what a clean-up did.
type Cleaned struct {
	Removed, Remaining int64
}

const (
	// evictMost bounds one transaction, and one file of the archive. With payloads
	// of 1 MiB it is a quarter of a gigabyte at the very worst.
	evictMost = 256
	// jobsKept is how long a redrive that has ended can be asked for.
	jobsKept = 30 * 24 * time.Hour
)

// NewCleaner makes a Cleaner; Run starts it.
func NewCleaner(cfg CleanerConfig) (*Cleaner, error) {
	if cfg.Store == nil || cfg.Leads == nil || cfg.MaxSize < 0 || cfg.Retention <= 0 || cfg.Every <= 0 {
		return nil, errors.New("deadletter: a cleaner needs a store, its limits and to know who leads")
	}
	if cfg.CountEvery == 0 {
		cfg.CountEvery = 5 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	return &Cleaner{cfg: cfg, metrics: newMetrics(cfg.Registerer)}, nil
}

// Run cleans and counts until ctx ends; it returns nil.
func (c *Cleaner) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	defer loops.Wait()
	loops.Go(func() {
		_ = every(ctx, c.cfg.CountEvery, c.cfg.Logger, c.count) // always nil
	})
	return every(ctx, c.cfg.Every, c.cfg.Logger, func(ctx context.Context) error {
		if !c.cfg.Leads() {
			return nil
		}
		_, err := c.Clean(ctx, Asker{})
		return err
	})
}

// count is one look at the number of dead letters.
func (c *Cleaner) count(ctx context.Context) error {
	n, err := c.cfg.Store.CountDead(ctx, Filter{})
	if err != nil {
		return fmt.Errorf("count the dead letters: %w", err)
	}
	c.metrics.size.Set(float64(n))
	return nil
}

// Clean evicts what is too old or too many now. When ctx ends on the way, what
// was removed stays removed, and the error is that of ctx.
func (c *Cleaner) Clean(ctx context.Context, by Asker) (Cleaned, error) {
	c.one.Lock()
	defer c.one.Unlock()
	start := time.Now()
	cleaned, err := c.clean(ctx, by)
	c.metrics.cleanedUp(cleaned, time.Since(start), err)
	if cleaned.Removed > 0 {
		c.cfg.Logger.Info("dead letters evicted", "removed", cleaned.Removed, "remaining", cleaned.Remaining)
	}
	return cleaned, err
}

func (c *Cleaner) clean(ctx context.Context, by Asker) (cleaned Cleaned, err error) {
	for _, part := range []struct {
		reason string
		list   func(context.Context) ([]task.Task, error)
	}{
		{"age", func(ctx context.Context) ([]task.Task, error) {
			return c.cfg.Store.DeadOlder(ctx, c.cfg.Retention, evictMost)
		}},
		{"size", func(ctx context.Context) ([]task.Task, error) {
			return c.cfg.Store.DeadBeyond(ctx, c.cfg.MaxSize, evictMost)
		}},
	} {
		removed, err := c.evictAll(ctx, part.list, by.evicted(part.reason))
		cleaned.Removed += removed
		if err != nil {
			return cleaned, fmt.Errorf("evict dead letters by %s: %w", part.reason, err)
		}
	}
	if err := c.cfg.Store.ForgetRedrives(ctx, jobsKept); err != nil {
		return cleaned, fmt.Errorf("forget old redrives: %w", err)
	}
	cleaned.Remaining, err = c.cfg.Store.CountDead(ctx, Filter{})
	return cleaned, err
}

// evictAll evicts what list gives, one bounded group after the other.
func (c *Cleaner) evictAll(
	ctx context.Context, list func(context.Context) ([]task.Task, error), ev func(*task.Task) event.Event,
) (total int64, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		tasks, err := list(ctx)
		if err != nil || len(tasks) == 0 {
			return total, err
		}
		removed, err := c.evict(ctx, tasks, ev)
		total += int64(removed)
		if err != nil {
			return total, err
		}
		if len(tasks) < evictMost || removed == 0 { // none: another node is at it
			return total, nil
		}
	}
}

// evict archives dead letters, then removes those that are still the same.
func (c *Cleaner) evict(ctx context.Context, tasks []task.Task, ev func(*task.Task) event.Event) (int, error) {
	var further []event.Event
	if c.cfg.Archive != nil {
		batch, err := batchOf(tasks)
		if err != nil {
			return 0, err
		}
		file, err := c.cfg.Archive.Write(ctx, batch)
		if err != nil {
			return 0, err
		}
		further = append(further, archived(file))
	}
	return c.cfg.Store.EvictDead(ctx, tasks, ev, further)
}
