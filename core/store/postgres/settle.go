package postgres

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/headrace/headrace/core/task"
)

// Settle ends attempts, or expires pending tasks, in one transaction; one fate
// an item. A settlement that is no step in the life of a task is refused.
func (s *Store) Settle(ctx context.Context, items []task.Settlement) ([]task.Settled, error) {
	if err := checkSteps(items); err != nil {
		return nil, err
	}
	plan, err := planSettlement(items)
	if err != nil {
		return nil, err
	}
	fates := make([]task.Settled, len(items))
	err = s.write(ctx, "settle tasks", settlementIDs(items), func() error {
		for i := range fates {
			fates[i] = task.SettledLate
		}
		return s.settle(ctx, plan, fates)
	})
	if err != nil {
		return nil, err
	}
	return fates, nil
}

// checkSteps refuses what is no settlement: claims, cancellations and redrives
// have methods of their own.
func checkSteps(items []task.Settlement) error {
	for i := range items {
		item := &items[i]
		fromAttempt := item.From == task.Running
		expiry := item.From == task.Pending && (item.To == task.DeadLetter || item.To == task.Failed)
		if !fromAttempt && !expiry || !item.From.CanBecome(item.To) {
			return &task.RefusedError{Err: fmt.Errorf("no settlement leads from %s to %s", item.From, item.To)}
		}
	}
	return nil
}

// settlementIDs are the ids for which partitions are needed.
func settlementIDs(items []task.Settlement) func() []uuid.UUID {
	return func() []uuid.UUID {
		ids := make([]uuid.UUID, 0, 2*len(items))
		for i := range items {
			ids = append(ids, items[i].Event.ID, items[i].ID)
		}
		return ids
	}
}

// settlementColumns are settlements of one kind as parameters.
type settlementColumns struct {
	positions                []int32
	ids                      [][16]byte
	from, to                 []int16
	attempts                 []int32
	retries, crashes, lapses []int32
	errors, results          []string
	runAt, ready             []pgtype.Timestamptz
	events                   *eventColumns
}

func newSettlementColumns(n int) *settlementColumns {
	return &settlementColumns{
		positions: make([]int32, 0, n),
		ids:       make([][16]byte, 0, n), from: make([]int16, 0, n), to: make([]int16, 0, n),
		attempts: make([]int32, 0, n), retries: make([]int32, 0, n), crashes: make([]int32, 0, n), lapses: make([]int32, 0, n),
		errors: make([]string, 0, n), results: make([]string, 0, n), events: newEventColumns(n),
	}
}

// add appends the item that stands at a position of the group.
func (c *settlementColumns) add(position int, item *task.Settlement) error {
	failed, err := failure(item.Error)
	if err != nil {
		return err
	}
	c.positions = append(c.positions, int32(position))
	c.ids = append(c.ids, item.ID)
	c.from, c.to = append(c.from, int16(item.From)), append(c.to, int16(item.To))
	c.attempts = append(c.attempts, int32(item.Attempt))
	c.retries = append(c.retries, int32(item.Retries))
	c.crashes = append(c.crashes, int32(item.Crashes))
	c.lapses = append(c.lapses, int32(item.Lapses))
	c.errors, c.results = append(c.errors, failed), append(c.results, string(item.Result))
	c.runAt = append(c.runAt, instant(item.RunAt))
	c.ready = append(c.ready, instant(readyAt(item.ID, item.RunAt)))
	c.events.add(&item.Event)
	return nil
}

// finishArgs are the parameters of finish_tasks.
func (c *settlementColumns) finishArgs() []any {
	return slices.Concat(c.guard(), []any{c.results}, c.events.args())
}

// returnArgs are the parameters of return_tasks.
func (c *settlementColumns) returnArgs() []any {
	return slices.Concat(c.guard(), []any{c.runAt, c.ready}, c.events.args())
}

// guard are the parameters that both statements begin with.
func (c *settlementColumns) guard() []any {
	return []any{c.positions, c.ids, c.from, c.attempts, c.to, c.retries, c.crashes, c.lapses, c.errors}
}

// settlementPlan is a group by what happens to its rows.
type settlementPlan struct {
	// ids of all, sorted.
	ids [][16]byte
	// finished go into the history, returned stay among the living.
	finished, returned *settlementColumns
}

// planSettlement sorts the items by id, the order in which rows are locked.
func planSettlement(items []task.Settlement) (settlementPlan, error) {
	order := positions(len(items))
	slices.SortStableFunc(order, func(a, b int) int { return bytes.Compare(items[a].ID[:], items[b].ID[:]) })
	plan := settlementPlan{finished: newSettlementColumns(len(items)), returned: newSettlementColumns(0)}
	for _, i := range order {
		columns := plan.returned
		if items[i].To.Final() {
			columns = plan.finished
		}
		if err := columns.add(i, &items[i]); err != nil {
			return settlementPlan{}, err
		}
		plan.ids = append(plan.ids, items[i].ID)
	}
	return plan, nil
}

// settle makes the changes in one round trip, which is one transaction, and
// notes the fates of those that hold. Of a task that should wait again but did
// not, the reason is looked up: it matters to the caller whether the attempt is
// still its own.
func (s *Store) settle(ctx context.Context, plan settlementPlan, fates []task.Settled) error {
	note := func(fate task.Settled) func(pgx.Rows) error {
		return func(rows pgx.Rows) error {
			var position int
			_, err := pgx.ForEachRow(rows, []any{&position}, func() error {
				fates[position] = fate
				return nil
			})
			return err
		}
	}
	batch := new(pgx.Batch)
	if len(plan.finished.ids) > 0 && len(plan.returned.ids) > 0 {
		batch.Queue(s.queries[qLockTasks], plan.ids)
	}
	if c := plan.finished; len(c.ids) > 0 {
		batch.Queue(s.queries[qFinishTasks], c.finishArgs()...).Query(note(task.SettledNow))
	}
	if c := plan.returned; len(c.ids) > 0 {
		batch.Queue(s.queries[qReturnTasks], c.returnArgs()...).Query(note(task.SettledNow))
		batch.Queue(s.queries[qCancelsStanding], c.positions, c.ids, c.attempts, c.to).Query(note(task.SettledCancel))
	}
	if batch.Len() == 0 {
		return nil
	}
	return s.settles.SendBatch(ctx, batch).Close()
}
