package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// Cancel ends a pending task or asks for the end of a running one, and returns
// the task as it stands afterwards.
func (s *Store) Cancel(ctx context.Context, req task.CancelRequest) (t task.Task, outcome task.CancelOutcome, err error) {
	var recorded event.Event
	ids := func() []uuid.UUID { return []uuid.UUID{req.ID, recorded.ID} }
	err = s.write(ctx, "cancel task", ids, func() error {
		return pgx.BeginFunc(ctx, s.control, func(tx pgx.Tx) error {
			c := &cancellation{store: s, tx: tx, req: req}
			err := c.run(ctx)
			t, outcome, recorded = c.task, c.outcome, c.event
			return err
		})
	})
	if err != nil {
		return task.Task{}, task.CancelUnknown, err
	}
	return t, outcome, nil
}

// cancellation is the end of one task, in a transaction that holds its row.
type cancellation struct {
	store *Store
	tx    pgx.Tx
	req   task.CancelRequest

	task    task.Task
	outcome task.CancelOutcome
	event   event.Event
}

// run looks at the task and does what its status allows.
func (c *cancellation) run(ctx context.Context) error {
	found, err := c.lock(ctx)
	if err != nil {
		return err
	}
	if !found {
		return c.runEnded(ctx)
	}
	switch {
	case c.task.Status == task.Pending:
		return c.end(ctx)
	case c.task.Status == task.Running && !c.task.CancelRequested:
		return c.ask(ctx)
	case c.task.Status == task.Running:
		c.outcome = task.CancelBefore
	default:
		c.outcome = task.CancelTooLate
	}
	return nil
}

// lock takes the row of a living task. The task has the time of this
// transaction as Updated.
func (c *cancellation) lock(ctx context.Context) (found bool, err error) {
	type row struct {
		now  time.Time
		task task.Task
	}
	locked, found, err := first(ctx, c.tx, func(r pgx.CollectableRow) (row, error) {
		var (
			columns taskRow
			result  row
		)
		if err := r.Scan(append([]any{&result.now}, columns.targets()...)...); err != nil {
			return row{}, fmt.Errorf("scan task: %w", err)
		}
		var err error
		result.task, err = columns.finish()
		return result, err
	}, c.store.queries[qLockTask], [16]byte(c.req.ID))
	if err != nil || !found {
		return false, err
	}
	c.task = locked.task
	if c.task.Status == task.Pending || c.task.Status == task.Running && !c.task.CancelRequested {
		c.task.Updated = locked.now.UTC()
	}
	return true, nil
}

// runEnded answers for a task that is not among the living.
func (c *cancellation) runEnded(ctx context.Context) error {
	t, found, err := first(ctx, c.tx, scanTask, c.store.queries[qGetTask], [16]byte(c.req.ID))
	switch {
	case err != nil:
		return err
	case !found:
		c.outcome = task.CancelUnknown
	case t.Status == task.Cancelled:
		c.task, c.outcome = t, task.CancelBefore
	default:
		c.task, c.outcome = t, task.CancelTooLate
	}
	return nil
}

// errMoved is a defect: a row changed while this transaction held it.
var errMoved = errors.New("the task changed while its row was locked")

// exactlyOne fails unless a statement met one row.
func exactlyOne(tag pgconn.CommandTag, err error) error {
	if err == nil && tag.RowsAffected() != 1 {
		return errMoved
	}
	return err
}

// end moves a pending task into the history.
func (c *cancellation) end(ctx context.Context) error {
	attempt := c.task.Attempt
	c.task.Status, c.task.CompletedAt, c.outcome = task.Cancelled, c.task.Updated, task.CancelDone
	c.event = c.req.Cancelled(&c.task)
	columns := newSettlementColumns(1)
	err := columns.add(0, &task.Settlement{
		ID: c.task.ID, From: task.Pending, Attempt: attempt, To: task.Cancelled, Event: c.event,
	})
	if err != nil {
		return err
	}
	return exactlyOne(c.tx.Exec(ctx, c.store.queries[qFinishTasks], columns.finishArgs()...))
}

// ask asks for the end of a running task.
func (c *cancellation) ask(ctx context.Context) error {
	c.task.CancelRequested, c.outcome = true, task.CancelAsked
	c.event = c.req.Asked(&c.task)
	if err := exactlyOne(c.tx.Exec(ctx, c.store.queries[qAskCancel], [16]byte(c.task.ID))); err != nil {
		return err
	}
	return c.store.insertEvents(ctx, c.tx, c.event)
}
