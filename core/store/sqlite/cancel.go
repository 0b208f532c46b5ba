package sqlite

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// Cancel ends a pending task or asks for the end of a running one, and returns
// the task as it stands afterwards.
func (s *Store) Cancel(ctx context.Context, req task.CancelRequest) (t task.Task, outcome task.CancelOutcome, err error) {
	err = s.write(ctx, "cancel task", func(ctx context.Context, b *batch) (err error) {
		t, outcome, err = b.cancel(ctx, req)
		return err
	})
	if err != nil {
		return task.Task{}, task.CancelUnknown, err
	}
	return t, outcome, nil
}

func (b *batch) cancel(ctx context.Context, req task.CancelRequest) (task.Task, task.CancelOutcome, error) {
	t, ok, err := b.get(ctx, req.ID)
	if err != nil || !ok {
		return task.Task{}, task.CancelUnknown, err
	}
	switch {
	case t.Status == task.Pending:
		return b.change(ctx, req.ID, task.CancelDone, req.Cancelled, b.endPending(ctx, &t))
	case t.Status == task.Running && !t.CancelRequested:
		_, err := b.exec(ctx, qAskCancel, t.ID[:], b.now.UnixMicro())
		return b.change(ctx, req.ID, task.CancelAsked, req.Asked, err)
	case t.Status == task.Running, t.Status == task.Cancelled:
		return t, task.CancelBefore, nil
	default:
		return t, task.CancelTooLate, nil
	}
}

// endPending moves a pending task into the history.
func (b *batch) endPending(ctx context.Context, t *task.Task) error {
	if _, err := b.exec(ctx, qCancelPending, t.ID[:], b.now.UnixMicro()); err != nil {
		return err
	}
	return b.leaveLiving(ctx, t.ID, task.Pending, t.Attempt)
}

// change reads the task after a change that may have failed with err, and
// writes the event of it.
func (b *batch) change(
	ctx context.Context, id uuid.UUID, outcome task.CancelOutcome, makeEvent func(*task.Task) event.Event, err error,
) (task.Task, task.CancelOutcome, error) {
	if err != nil {
		return task.Task{}, outcome, err
	}
	t, ok, err := b.get(ctx, id)
	if err != nil {
		return task.Task{}, outcome, err
	}
	if !ok {
		return task.Task{}, outcome, fmt.Errorf("task %s is gone within its transaction", id)
	}
	e := makeEvent(&t)
	return t, outcome, b.writeEvent(ctx, qInsertEvent, &e)
}

// get finds a living or historical task inside the transaction.
func (b *batch) get(ctx context.Context, id uuid.UUID) (task.Task, bool, error) {
	return getTask(ctx, b.stmt(ctx, qGetLiving), b.stmt(ctx, qGetEnded), id)
}
