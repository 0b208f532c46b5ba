package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/sdk/fault"
)

// DeadlineStore finds and settles tasks that waited too long.
type DeadlineStore interface {
	Overdue(ctx context.Context, limit int) ([]task.Task, error)
	Settle(ctx context.Context, items []task.Settlement) ([]task.Settled, error)
}

// Deadlines ends pending tasks whose deadline has passed. Running ones end by
// their attempt's time-out.
type Deadlines struct {
	cfg DeadlinesConfig
}

// DeadlinesConfig of a Deadlines. Store and Types are required.
type DeadlinesConfig struct {
	Store DeadlineStore
	Types *tasktype.Registry
	// Every is the time between two looks. Default 1 s.
	Every  time.Duration
	Logger hclog.Logger
}

// expireMost bounds one transaction.
const expireMost = 256

// NewDeadlines makes a Deadlines; Run starts it.
func NewDeadlines(cfg DeadlinesConfig) (*Deadlines, error) {
	if cfg.Store == nil || cfg.Types == nil {
		return nil, errors.New("recovery: a store and the types are needed")
	}
	if cfg.Every == 0 {
		cfg.Every = time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	return &Deadlines{cfg: cfg}, nil
}

// Run expires tasks until ctx ends; it returns nil.
func (d *Deadlines) Run(ctx context.Context) error {
	return every(ctx, d.cfg.Every, nil, d.cfg.Logger, d.expire)
}

// expire is one turn.
func (d *Deadlines) expire(ctx context.Context) error {
	for ctx.Err() == nil {
		overdue, err := d.cfg.Store.Overdue(ctx, expireMost)
		if err != nil {
			return err
		}
		items := make([]task.Settlement, len(overdue))
		for i := range overdue {
			items[i] = d.expiry(&overdue[i])
		}
		if len(items) > 0 {
			if _, err := d.cfg.Store.Settle(ctx, items); err != nil {
				return err
			}
		}
		if len(overdue) < expireMost {
			return nil
		}
	}
	return nil
}

// expiry is the end of one task that waited too long.
func (d *Deadlines) expiry(t *task.Task) task.Settlement {
	details := json.RawMessage(`{"reason":"deadline","started":false}`)
	if t.Attempt > 0 {
		details = json.RawMessage(`{"reason":"deadline","started":true}`)
	}
	f := &task.Failure{Code: fault.TaskTimeout, Message: "the deadline passed while the task waited", Details: details}
	return giveUp(d.cfg.Types, t, f, "deadline")
}

// giveUp settles a task as its type wants failures to be settled.
func giveUp(types *tasktype.Registry, t *task.Task, f *task.Failure, reason string) task.Settlement {
	typ, _ := types.Get(t.Type)
	to, kind, message := typ.GiveUp()
	metadata := t.EventMetadata()
	metadata.Code, metadata.Reason = string(f.Code), reason
	return task.Settlement{
		ID: t.ID, From: t.Status, Attempt: t.Attempt, To: to, Error: f,
		Event: t.Event(kind, message, metadata),
	}
}
