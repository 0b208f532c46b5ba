package recovery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/queue"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

// FillerStore is what a Filler reads and writes of the store.
type FillerStore interface {
	Depths(ctx context.Context) (map[string]int64, error)
	Waiting(ctx context.Context, taskType string, p task.Priority, limit int) ([]task.Hint, error)
	Epoch(ctx context.Context, taskType string) (uuid.UUID, error)
	SetEpoch(ctx context.Context, taskType string, epoch uuid.UUID) error
	Record(ctx context.Context, events []event.Event) error
}

// Filler keeps the queue's windows filled from the store. It is what makes the
// loss of an id, of a type's keys or of all of Redis harmless.
type Filler struct {
	cfg   FillerConfig
	nudge chan struct{}

	mu sync.Mutex
	// asked are the types to look at now.
	asked map[string]bool
	// waiting is the number of pending tasks at the last full turn.
	waiting  int64
	rebuilds prometheus.Counter
}

// FillerConfig of a Filler. Store, Queue, Types and Ready are required.
type FillerConfig struct {
	Store FillerStore
	Queue *queue.Queue
	Types *tasktype.Registry
	// Ready is called when a type's queue has got ids.
	Ready func(taskType string)
	// Every is the time between two full turns. Default 10 s: how long an id
	// that was lost between Redis and a node may stay unseen.
	Every      time.Duration
	Logger     hclog.Logger
	Registerer prometheus.Registerer
}

// NewFiller makes a filler; Run starts it.
func NewFiller(cfg FillerConfig) (*Filler, error) {
	if cfg.Store == nil || cfg.Queue == nil || cfg.Types == nil || cfg.Ready == nil {
		return nil, errors.New("recovery: a filler needs a store, a queue, the types and somebody to tell")
	}
	if cfg.Every == 0 {
		cfg.Every = 10 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	f := &Filler{
		cfg: cfg, nudge: make(chan struct{}, 1), asked: map[string]bool{},
		rebuilds: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "headrace_queue_rebuilds_total", Help: "Queues of task types that were built again from the store by this node.",
		}),
	}
	if cfg.Registerer != nil {
		cfg.Registerer.MustRegister(f.rebuilds, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "task_queue_size", Help: "Pending tasks, as counted a few seconds ago.",
		}, func() float64 {
			f.mu.Lock()
			defer f.mu.Unlock()
			return float64(f.waiting)
		}))
	}
	return f, nil
}

// Ask has a type looked at soon. It never blocks.
func (f *Filler) Ask(taskType string) {
	f.mu.Lock()
	f.asked[taskType] = true
	f.mu.Unlock()
	select {
	case f.nudge <- struct{}{}:
	default:
	}
}

// Run fills until ctx ends; it returns nil.
func (f *Filler) Run(ctx context.Context) error {
	last := time.Time{}
	return every(ctx, f.cfg.Every, f.nudge, f.cfg.Logger, func(ctx context.Context) error {
		if time.Since(last) < f.cfg.Every/2 {
			return f.fillAsked(ctx)
		}
		last = time.Now()
		return f.fillAll(ctx)
	})
}

// fillAsked looks at the types that were asked for. Who asked while its type was
// being filled has been served: otherwise each fill of a queue that is popped all
// the time would be followed by one for nothing. Who still misses something asks
// again at its next look.
func (f *Filler) fillAsked(ctx context.Context) error {
	f.mu.Lock()
	asked := slices.Collect(maps.Keys(f.asked))
	f.mu.Unlock()
	var errs []error
	for _, name := range asked {
		errs = append(errs, f.fill(ctx, name))
		f.mu.Lock()
		delete(f.asked, name)
		f.mu.Unlock()
	}
	return errors.Join(errs...)
}

// fillAll looks at every type that has waiting tasks.
func (f *Filler) fillAll(ctx context.Context) error {
	depths, err := f.cfg.Store.Depths(ctx)
	if err != nil {
		return fmt.Errorf("count the waiting tasks: %w", err)
	}
	total := int64(0)
	for _, n := range depths {
		total += n
	}
	f.mu.Lock()
	f.waiting, f.asked = total, map[string]bool{}
	f.mu.Unlock()
	var errs []error
	for _, typ := range f.cfg.Types.List() {
		if depths[typ.Name] > 0 || !f.cfg.Queue.Knows(typ.Name) {
			errs = append(errs, f.fill(ctx, typ.Name))
		}
	}
	return errors.Join(errs...)
}

// fill brings one type's window up to date.
func (f *Filler) fill(ctx context.Context, name string) error {
	if err := f.join(ctx, name); err != nil {
		return err
	}
	marks, err := f.cfg.Queue.Marks(ctx, name)
	if err != nil {
		return err
	}
	pushed := 0
	for _, p := range task.Priorities() {
		n, err := f.fillLane(ctx, name, p, marks[p])
		if err != nil {
			return err
		}
		pushed += n
	}
	if pushed > 0 {
		f.cfg.Ready(name)
	}
	return nil
}

// fillLane pushes what waits of one priority, as far as there is room.
func (f *Filler) fillLane(ctx context.Context, name string, p task.Priority, mark int64) (pushed int, err error) {
	hints, err := f.cfg.Store.Waiting(ctx, name, p, f.cfg.Queue.Room())
	if err != nil {
		return 0, fmt.Errorf("read what waits of %s: %w", name, err)
	}
	left, err := f.cfg.Queue.Push(ctx, name, hints)
	if err != nil {
		return 0, err
	}
	if mark > 0 && left == 0 && len(hints) < f.cfg.Queue.Room() {
		err = f.cfg.Queue.Refilled(ctx, name, p, mark)
	}
	return len(hints), err
}

// join makes this node use the life of the type's queue that store and Redis
// agree on. When they do not, a new one begins. Two nodes may do so at once:
// the later one wins, and the other joins it at its next turn.
func (f *Filler) join(ctx context.Context, name string) error {
	stored, err := f.cfg.Store.Epoch(ctx, name)
	if err != nil {
		return fmt.Errorf("read the stored epoch of %s: %w", name, err)
	}
	current, err := f.cfg.Queue.Current(ctx, name)
	if err != nil {
		return err
	}
	if stored != uuid.Nil && stored == current {
		f.cfg.Queue.Use(name, stored)
		return nil
	}
	first := !f.cfg.Queue.Knows(name)
	epoch := uuid.New()
	if err := f.cfg.Store.SetEpoch(ctx, name, epoch); err != nil {
		return fmt.Errorf("store the epoch of %s: %w", name, err)
	}
	if err := f.cfg.Queue.Adopt(ctx, name, epoch); err != nil {
		return err
	}
	if stored == uuid.Nil {
		return nil // the first life of a new type, nothing was lost
	}
	f.rebuilds.Inc()
	if first {
		f.cfg.Logger.Info("the queue is filled from the store", "type", name)
	} else {
		f.cfg.Logger.Warn("the queue was lost in Redis and is built again", "type", name)
	}
	e := event.New(event.RecoveryQueueRebuilt, "queue built again from the store", struct {
		TaskType string    `json:"taskType"`
		Epoch    uuid.UUID `json:"epoch"`
	}{name, epoch})
	return f.cfg.Store.Record(ctx, []event.Event{e})
}
