package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/group"
	"github.com/headrace/headrace/core/pluginhost"
	"github.com/headrace/headrace/core/queue"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

// Store claims and settles; see core/store/storetest for the full contract.
type Store interface {
	Claim(ctx context.Context, req task.ClaimRequest) ([]task.Task, error)
	ClaimWithin(ctx context.Context, req task.ClaimRequest, limit task.RunningLimit) (task.LimitedClaim, error)
	Settle(ctx context.Context, items []task.Settlement) ([]task.Settled, error)
	Record(ctx context.Context, events []event.Event) error
	Waiting(ctx context.Context, taskType string, p task.Priority, limit int) ([]task.Hint, error)
	CancelsOn(ctx context.Context, node uuid.UUID) ([]uuid.UUID, error)
}

// Queue gives hints.
type Queue interface {
	Pop(ctx context.Context, taskType string, n int, order tasktype.Order) (queue.Popped, error)
}

// Offers takes hints back, and those of tasks that may run again at once.
type Offers interface {
	Offer(hints []task.Hint)
}

// Plugins run attempts.
type Plugins interface {
	Submit(slot string, batch []pluginhost.Assignment, sink pluginhost.Sink) error
	Cancel(slot string, attempts []pluginhost.AttemptKey, reason pluginhost.Reason)
	Kill(slot string, attempt pluginhost.AttemptKey)
	Active(slot string) bool
}

// Node knows whether this node's lease can be relied on.
type Node interface {
	Holds() (uuid.UUID, bool)
}

// Config of a Dispatcher. Everything without a default is required.
type Config struct {
	Store   Store
	Queue   Queue
	Offers  Offers
	Plugins Plugins
	Node    Node
	Types   *tasktype.Registry
	// Gates are asked in this order. Default none.
	Gates []NamedGate
	// Lost is called when a type's data in Redis is gone.
	Lost func(taskType string)
	// Low is called when a type's window runs low while more waits in the store.
	Low func(taskType string)
	// Freed is called when attempts of a type that is limited over all nodes have
	// ended here, so that other nodes may have a place for one. nil: nobody is told.
	Freed func(ctx context.Context, taskType string)
	// Check refuses a document that the store could not keep.
	Check func(json.RawMessage) error
	// RecordStarts writes task.started (audit level debug).
	RecordStarts bool
	// Poll is how often a type's queue is looked at without a wake-up. Default 2 s.
	Poll time.Duration
	// Grace is how long running tasks may take to end at a stop. Default 20 s.
	Grace      time.Duration
	Logger     hclog.Logger
	Registerer prometheus.Registerer
}

// Dispatcher runs the tasks of this node.
type Dispatcher struct {
	cfg     Config
	claims  *group.Writer[task.Hint, *task.Task]
	settles *group.Writer[task.Settlement, task.Settled]
	table   *table
	slots   map[string]*slot
	lanes   map[string]*lane
	stuck   *stuck
	metrics *metrics
	// underway counts the settlements on their way from the table to the store,
	// so that a stop does not overtake them, nor claims run away from them.
	underway atomic.Int64
	// late holds the events of refused late results until the watch writes them.
	late lateEvents
	// freed are the types whose places have become free and nobody was told yet.
	freed *freed
}

const (
	// claimMost bounds what one pop of one type asks for.
	claimMost = 256
	// unsettledMost is with how many settlements under way nothing new is claimed.
	unsettledMost = 1024
)

// New checks cfg and makes a dispatcher; Run starts it.
func New(cfg Config) (*Dispatcher, error) {
	if cfg.Store == nil || cfg.Queue == nil || cfg.Offers == nil || cfg.Plugins == nil || cfg.Node == nil || cfg.Types == nil {
		return nil, errors.New("dispatch: a store, a queue, offers, plugins, a node and types are needed")
	}
	if cfg.Lost == nil || cfg.Low == nil || cfg.Check == nil {
		return nil, errors.New("dispatch: Lost, Low and Check are needed")
	}
	if cfg.Freed == nil {
		cfg.Freed = func(context.Context, string) {}
	}
	if cfg.Poll == 0 {
		cfg.Poll = 2 * time.Second
	}
	if cfg.Grace == 0 {
		cfg.Grace = 20 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	d := &Dispatcher{
		cfg: cfg, table: newTable(), slots: map[string]*slot{}, lanes: map[string]*lane{}, stuck: &stuck{},
		metrics: newMetrics(cfg.Registerer), freed: newFreed(),
	}
	for _, typ := range cfg.Types.List() {
		d.lanes[typ.Name] = &lane{typ: typ, wake: make(chan struct{}, 1), budget: newBudget(time.Now())}
		if d.slots[typ.Plugin] == nil {
			d.slots[typ.Plugin] = newSlot()
		}
	}
	return d, d.makeWriters()
}

func (d *Dispatcher) makeWriters() (err error) {
	refused := func(err error) bool {
		var r *task.RefusedError
		return errors.As(err, &r)
	}
	d.claims, err = group.New(group.Config[task.Hint, *task.Task]{Commit: d.claim, Refused: refused})
	if err != nil {
		return err
	}
	d.settles, err = group.New(group.Config[task.Settlement, task.Settled]{Commit: d.commitSettlements, Refused: refused})
	return err
}

// Run works until ctx ends, then drains: running tasks get the grace, what is
// left is given back. It returns when everything is settled, or cannot be.
func (d *Dispatcher) Run(ctx context.Context) error {
	writers, stopWriters := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	failures := make(chan error, 2)
	background.Go(func() { failures <- d.claims.Run(writers) })
	background.Go(func() { failures <- d.settles.Run(writers) })
	watching, stopWatch := context.WithCancel(context.WithoutCancel(ctx))
	var watch sync.WaitGroup
	watch.Go(func() { d.watch(watching) })
	watch.Go(func() { d.tellFreed(watching) })

	loops, loopCtx := errgroup.WithContext(ctx)
	for _, l := range d.lanes {
		loops.Go(func() error { return d.loop(loopCtx, l) })
	}
	err := loops.Wait()
	d.drain(context.WithoutCancel(ctx))
	stopWatch()
	watch.Wait()
	stopWriters()
	background.Wait()
	return errors.Join(err, <-failures, <-failures)
}

// Wake tells that tasks of a type can be popped.
func (d *Dispatcher) Wake(taskType string) {
	if l := d.lanes[taskType]; l != nil {
		l.more.Store(true)
		l.nudge()
	}
}

// WakeAll is Wake for every type, after a plugin has become active.
func (d *Dispatcher) WakeAll() {
	for _, l := range d.lanes {
		l.more.Store(true)
		l.nudge()
	}
}

// commitSettlements is the commit of the settle writer.
func (d *Dispatcher) commitSettlements(ctx context.Context, items []task.Settlement) ([]task.Settled, error) {
	d.metrics.settleGroups.Observe(float64(len(items)))
	return d.cfg.Store.Settle(ctx, items)
}

// claimRequest asks for the tasks of hints.
func (d *Dispatcher) claimRequest(node uuid.UUID, hints []task.Hint) task.ClaimRequest {
	req := task.ClaimRequest{Node: node, IDs: make([]uuid.UUID, len(hints))}
	for i := range hints {
		req.IDs[i] = hints[i].ID
	}
	if d.cfg.RecordStarts {
		req.Started = func(t *task.Task) event.Event {
			return t.Event(event.TaskStarted, "attempt started", t.EventMetadata())
		}
	}
	return req
}

// claim is the commit of the claim writer.
func (d *Dispatcher) claim(ctx context.Context, hints []task.Hint) ([]*task.Task, error) {
	node, holds := d.cfg.Node.Holds()
	claimed := make([]*task.Task, len(hints))
	if !holds {
		return claimed, nil
	}
	req := d.claimRequest(node, hints)
	place := make(map[uuid.UUID]int, len(hints))
	for i := range hints {
		place[hints[i].ID] = i
	}
	d.metrics.claimGroups.Observe(float64(len(hints)))
	began := time.Now()
	tasks, err := d.cfg.Store.Claim(ctx, req)
	d.metrics.claimTime.Observe(time.Since(began).Seconds())
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	for i := range tasks {
		if at, ok := place[tasks[i].ID]; ok {
			claimed[at] = &tasks[i]
		}
	}
	return claimed, nil
}

// WaitReason says why a pending task is not running; empty when it is not
// pending or nothing holds it back.
func (d *Dispatcher) WaitReason(t *task.Task) string {
	if t.Status != task.Pending {
		return ""
	}
	if t.RunAt.After(time.Now()) {
		if t.Attempt > 0 {
			return "retry"
		}
		return "scheduled"
	}
	l := d.lanes[t.Type]
	if l == nil {
		return "no_plugin"
	}
	_, paused := l.typ.Paused()
	switch {
	case paused:
		return "paused"
	case !d.cfg.Plugins.Active(l.typ.Plugin):
		return "no_plugin"
	case d.heldBy(t.Type) != "":
		return d.heldBy(t.Type)
	case l.typ.Load() >= l.typ.Places(), l.full.Load(), d.slots[l.typ.Plugin].blocked():
		return "concurrency" // or suspects run alone: no place is free either way
	}
	return ""
}
