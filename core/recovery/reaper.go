package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/node"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/sdk/fault"
)

// lapseLimit is the number of lapsed leases after which a task is given up: a
// task that was on so many dying nodes may be what kills them.
const lapseLimit = 20

// ReaperStore finds dead nodes and settles what they left.
type ReaperStore interface {
	DeclareDead(ctx context.Context, lost func(node.Info) event.Event) ([]node.Info, error)
	DeadWithWork(ctx context.Context) ([]uuid.UUID, error)
	RunningOn(ctx context.Context, node uuid.UUID, limit int) ([]task.Task, error)
	Settle(ctx context.Context, items []task.Settlement) ([]task.Settled, error)
}

// Reaper declares nodes dead whose lease has ended, and only then releases
// their work.
type Reaper struct {
	cfg ReaperConfig
}

// ReaperConfig of a Reaper. Store, Types and Offers are required.
type ReaperConfig struct {
	Store  ReaperStore
	Types  *tasktype.Registry
	Offers Offers
	// Every is the time between two looks. Default a third of node.Lease.
	Every  time.Duration
	Logger hclog.Logger
}

// reapMost bounds one transaction.
const reapMost = 256

// NewReaper makes a reaper; Run starts it.
func NewReaper(cfg ReaperConfig) (*Reaper, error) {
	if cfg.Store == nil || cfg.Types == nil || cfg.Offers == nil {
		return nil, errors.New("recovery: a store, the types and offers are needed")
	}
	if cfg.Every == 0 {
		cfg.Every = node.Lease / 3
	}
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	return &Reaper{cfg: cfg}, nil
}

// Run reaps until ctx ends; it returns nil.
func (r *Reaper) Run(ctx context.Context) error {
	return every(ctx, r.cfg.Every, nil, r.cfg.Logger, r.reap)
}

// reap is one turn.
func (r *Reaper) reap(ctx context.Context) error {
	lost, err := r.cfg.Store.DeclareDead(ctx, node.LostEvent)
	if err != nil {
		return fmt.Errorf("declare nodes dead: %w", err)
	}
	for _, n := range lost {
		r.cfg.Logger.Warn("a node's lease ran out", "node", n.ID, "name", n.Name)
	}
	dead, err := r.cfg.Store.DeadWithWork(ctx)
	if err != nil {
		return fmt.Errorf("find the work of dead nodes: %w", err)
	}
	for _, id := range dead {
		if err := r.release(ctx, id); err != nil {
			return fmt.Errorf("release the work of node %s: %w", id, err)
		}
	}
	return nil
}

// release gives back everything that a dead node runs. Settlements that come
// too late were made by the node itself or by another reaper.
func (r *Reaper) release(ctx context.Context, id uuid.UUID) error {
	for ctx.Err() == nil {
		tasks, err := r.cfg.Store.RunningOn(ctx, id, reapMost)
		if err != nil || len(tasks) == 0 {
			return err
		}
		items := make([]task.Settlement, len(tasks))
		for i := range tasks {
			items[i] = r.lapsed(&tasks[i])
		}
		fates, err := r.cfg.Store.Settle(ctx, items)
		if err != nil {
			return err
		}
		var ready []task.Hint
		for i, fate := range fates {
			if fate == task.SettledNow && items[i].To == task.Pending {
				ready = append(ready, task.HintOf(&tasks[i]))
			}
		}
		r.cfg.Offers.Offer(ready)
		r.cfg.Logger.Info("released tasks of a dead node", "node", id, "count", len(ready))
	}
	return nil
}

// lapsed settles one task of a dead node.
func (r *Reaper) lapsed(t *task.Task) task.Settlement {
	if t.CancelRequested {
		f := &task.Failure{Code: fault.TaskCancelled, Message: "the task was cancelled"}
		return task.Settlement{
			ID: t.ID, From: task.Running, Attempt: t.Attempt, To: task.Cancelled, Error: f,
			Event: t.Event(event.TaskCancelled, "task cancelled after its node was lost", t.EventMetadata()),
		}
	}
	if t.LapseCount+1 >= lapseLimit {
		f := &task.Failure{
			Code: fault.InternalError, Message: "too many nodes were lost while they ran this task",
			Details: json.RawMessage(`{"reason":"poison"}`),
		}
		s := giveUp(r.cfg.Types, t, f, "poison")
		s.Lapses = 1
		return s
	}
	metadata := t.EventMetadata()
	metadata.Reason = "node_lost"
	return task.Settlement{
		ID: t.ID, From: task.Running, Attempt: t.Attempt, To: task.Pending, Lapses: 1,
		Event: t.Event(event.TaskRecovered, "task came back from a node that was lost", metadata),
	}
}
