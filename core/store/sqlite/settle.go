package sqlite

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/task"
)

// Settle ends attempts, or expires pending tasks, in one transaction; one fate
// an item. A settlement that is no step in the life of a task is refused.
func (s *Store) Settle(ctx context.Context, items []task.Settlement) ([]task.Settled, error) {
	fates := make([]task.Settled, len(items))
	err := s.write(ctx, "settle tasks", func(ctx context.Context, b *batch) error {
		for i := range items {
			fate, err := b.settle(ctx, &items[i])
			if err != nil {
				return fmt.Errorf("settle %s: %w", items[i].ID, err)
			}
			fates[i] = fate
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return fates, nil
}

// settle makes one step and writes its event, if the guard holds.
func (b *batch) settle(ctx context.Context, item *task.Settlement) (task.Settled, error) {
	step, err := stepOf(item)
	if err != nil {
		return task.SettledLate, err
	}
	made, err := step(ctx, b, item)
	if err != nil {
		return task.SettledLate, err
	}
	if made {
		return task.SettledNow, b.writeEvent(ctx, qInsertEvent, &item.Event)
	}
	if item.To != task.Pending {
		return task.SettledLate, nil
	}
	asked, err := b.count(ctx, qCancelStands, item.ID[:], int64(item.Attempt))
	if err != nil || asked == 0 {
		return task.SettledLate, err
	}
	return task.SettledCancel, nil
}

// step changes one row, if it still is as the settlement says.
type step func(context.Context, *batch, *task.Settlement) (made bool, err error)

// stepOf chooses the step. Claims, cancellations and redrives have methods of
// their own.
func stepOf(item *task.Settlement) (step, error) {
	fromAttempt := item.From == task.Running
	expiry := item.From == task.Pending && (item.To == task.DeadLetter || item.To == task.Failed)
	if !fromAttempt && !expiry || !item.From.CanBecome(item.To) {
		return nil, &task.RefusedError{Err: fmt.Errorf("no settlement leads from %s to %s", item.From, item.To)}
	}
	switch item.To {
	case task.Pending:
		return giveBack, nil
	case task.DeadLetter:
		return bury, nil
	default:
		return finish, nil
	}
}

// finish moves a task into the history.
func finish(ctx context.Context, b *batch, item *task.Settlement) (bool, error) {
	failed, err := failure(item.Error)
	if err != nil {
		return false, err
	}
	result, err := document("result", item.Result)
	if err != nil {
		return false, err
	}
	copied, err := b.exec(ctx, qFinishTask, item.ID[:], int64(item.From), int64(item.Attempt), int64(item.To),
		b.now.UnixMicro(), failed, result, int64(item.Retries), int64(item.Crashes), int64(item.Lapses))
	if err != nil || copied == 0 {
		return false, err
	}
	return true, b.leaveLiving(ctx, item.ID, item.From, item.Attempt)
}

// leaveLiving removes the row that was copied into the history.
func (b *batch) leaveLiving(ctx context.Context, id uuid.UUID, from task.Status, attempt int) error {
	removed, err := b.exec(ctx, qLeaveLiving, id[:], int64(from), int64(attempt))
	if err == nil && removed != 1 {
		return fmt.Errorf("task %s was copied into the history and did not leave the living", id)
	}
	return err
}

// giveBack lets an attempt's task wait again.
func giveBack(ctx context.Context, b *batch, item *task.Settlement) (bool, error) {
	failed, err := failure(item.Error)
	if err != nil {
		return false, err
	}
	changed, err := b.exec(ctx, qReturnTask, item.ID[:], int64(item.Attempt), b.now.UnixMicro(), micros(item.RunAt),
		failed, int64(item.Retries), int64(item.Crashes), int64(item.Lapses), task.CreatedAt(item.ID).UnixMicro())
	return changed == 1, err
}

// bury makes a dead letter.
func bury(ctx context.Context, b *batch, item *task.Settlement) (bool, error) {
	failed, err := failure(item.Error)
	if err != nil {
		return false, err
	}
	changed, err := b.exec(ctx, qBuryTask, item.ID[:], int64(item.From), int64(item.Attempt), b.now.UnixMicro(),
		failed, int64(item.Retries), int64(item.Crashes), int64(item.Lapses))
	return changed == 1, err
}
