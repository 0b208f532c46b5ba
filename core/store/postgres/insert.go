package postgres

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/headrace/headrace/core/task"
)

// Insert writes submissions with their events and the answers of their requests
// in one transaction; every one has its own fate. Without Idempotency-Keys and
// unique keys among them it is one statement and one round trip.
//
// A request of which nothing was inserted leaves no answer behind, so that a
// repeat is tried anew.
func (s *Store) Insert(ctx context.Context, subs []task.Submission) (results []task.InsertResult, err error) {
	results = make([]task.InsertResult, len(subs))
	err = s.write(ctx, "insert tasks", submissionIDs(subs), func() error {
		clear(results)
		if plain(subs) {
			_, err := s.insertTasks(ctx, s.inserts, subs, positions(len(subs)))
			return err
		}
		return s.take(ctx, subs, results, func() error { return nil })
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// holderTries is how often a group is written anew because the holder of a unique
// key ended just then. A key whose holders come and go that fast is reported as
// taken without naming one.
const holderTries = 3

// errHolderGone rolls back a group in which a unique key was taken when its task
// was to be written, and was free when its holder was looked for. To write the
// task now would lock keys out of order, so the group begins anew.
var errHolderGone = errors.New("the holder of a unique key has just ended")

// take writes a group in a transaction that ends with check.
func (s *Store) take(ctx context.Context, subs []task.Submission, results []task.InsertResult, check func() error) error {
	for try := 1; ; try++ {
		clear(results)
		err := pgx.BeginFunc(ctx, s.inserts, func(tx pgx.Tx) error {
			in := &intake{store: s, tx: tx, subs: subs, results: results, lastTry: try == holderTries}
			if err := in.run(ctx); err != nil {
				return err
			}
			return check()
		})
		if !errors.Is(err, errHolderGone) {
			return err
		}
	}
}

// errNotAll rolls back a request of which not all can be inserted.
var errNotAll = errors.New("not all of an atomic request can be inserted")

// InsertAll writes the submissions of one request in a transaction of its own,
// all or none.
func (s *Store) InsertAll(ctx context.Context, subs []task.Submission) (results []task.InsertResult, err error) {
	results = make([]task.InsertResult, len(subs))
	err = s.write(ctx, "insert all tasks", submissionIDs(subs), func() error {
		err := s.take(ctx, subs, results, func() error {
			if has(results, task.UniqueTaken) {
				return errNotAll
			}
			return nil
		})
		if errors.Is(err, errNotAll) {
			undo(subs, results)
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// undo turns the fates of a request that was rolled back into what they are now.
// A unique key that a neighbour had just taken is free again.
func undo(subs []task.Submission, results []task.InsertResult) {
	for i := range results {
		if results[i].Fate == task.Inserted {
			results[i].Fate = task.NotInserted
		}
		if slices.ContainsFunc(subs, func(sub task.Submission) bool { return sub.Task.ID == results[i].Holder }) {
			results[i].Holder = uuid.Nil
		}
	}
}

// plain tells whether all submissions go in, or none.
func plain(subs []task.Submission) bool {
	return !slices.ContainsFunc(subs, func(sub task.Submission) bool {
		return sub.Idempotency != nil || sub.Task.UniqueKey != ""
	})
}

// positions are 0 to n-1.
func positions(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func has(results []task.InsertResult, fate task.Insertion) bool {
	return slices.ContainsFunc(results, func(r task.InsertResult) bool { return r.Fate == fate })
}

// submissionIDs are the ids for which partitions are needed.
func submissionIDs(subs []task.Submission) func() []uuid.UUID {
	return func() []uuid.UUID {
		ids := make([]uuid.UUID, len(subs))
		for i := range subs {
			ids[i] = subs[i].Event.ID
		}
		return ids
	}
}

// taskColumns are tasks as parameters, one slice a column.
type taskColumns struct {
	ids                                   [][16]byte
	types                                 []string
	priorities                            []int16
	ready, updated, runAt, deadlines      []pgtype.Timestamptz
	maxRetries                            []int32
	uniqueKeys                            []string
	correlationIDs                        []pgtype.UUID
	createdBy, traceparents, descriptions []string
	metadata, payloads                    []string
}

func newTaskColumns(n int) *taskColumns {
	return &taskColumns{
		ids: make([][16]byte, 0, n), types: make([]string, 0, n), priorities: make([]int16, 0, n),
		ready: make([]pgtype.Timestamptz, 0, n), updated: make([]pgtype.Timestamptz, 0, n),
		runAt: make([]pgtype.Timestamptz, 0, n), deadlines: make([]pgtype.Timestamptz, 0, n),
		maxRetries: make([]int32, 0, n), uniqueKeys: make([]string, 0, n), correlationIDs: make([]pgtype.UUID, 0, n),
		createdBy: make([]string, 0, n), traceparents: make([]string, 0, n), descriptions: make([]string, 0, n),
		metadata: make([]string, 0, n), payloads: make([]string, 0, n),
	}
}

func (c *taskColumns) add(t *task.Task) {
	c.ids = append(c.ids, t.ID)
	c.types = append(c.types, t.Type)
	c.priorities = append(c.priorities, int16(t.Priority))
	c.ready = append(c.ready, instant(readyAt(t.ID, t.RunAt)))
	c.updated = append(c.updated, instant(t.Updated))
	c.runAt = append(c.runAt, instant(t.RunAt))
	c.deadlines = append(c.deadlines, instant(t.Deadline))
	c.maxRetries = append(c.maxRetries, int32(t.MaxRetries))
	c.uniqueKeys = append(c.uniqueKeys, t.UniqueKey)
	c.correlationIDs = append(c.correlationIDs, reference(t.CorrelationID))
	c.createdBy = append(c.createdBy, t.CreatedBy)
	c.traceparents = append(c.traceparents, t.Traceparent)
	c.descriptions = append(c.descriptions, t.Description)
	c.metadata = append(c.metadata, string(t.Metadata))
	c.payloads = append(c.payloads, string(t.Payload))
}

func (c *taskColumns) args() []any {
	return []any{
		c.ids, c.types, c.priorities, c.ready, c.updated, c.runAt, c.deadlines, c.maxRetries, c.uniqueKeys,
		c.correlationIDs, c.createdBy, c.traceparents, c.descriptions, c.metadata, c.payloads,
	}
}

// readyAt is when a task may first be tried.
func readyAt(id uuid.UUID, runAt time.Time) time.Time {
	created := task.CreatedAt(id)
	if runAt.After(created) {
		return runAt
	}
	return created
}

// insertTasks writes the chosen submissions and returns those that found their
// unique key taken.
func (s *Store) insertTasks(ctx context.Context, db querier, subs []task.Submission, chosen []int) (taken []int, err error) {
	slices.SortStableFunc(chosen, func(a, b int) int { return byUniqueKey(&subs[a].Task, &subs[b].Task) })
	tasks, events := newTaskColumns(len(chosen)), newEventColumns(len(chosen))
	for _, i := range chosen {
		tasks.add(&subs[i].Task)
		events.add(&subs[i].Event)
	}
	won, err := collect(ctx, db, scanID, s.queries[qInsertTasks], append(tasks.args(), events.args()...)...)
	if err != nil {
		return nil, err
	}
	written := setOf(won)
	for _, i := range chosen {
		if t := &subs[i].Task; t.UniqueKey != "" && !written[t.ID] {
			taken = append(taken, i)
		}
	}
	return taken, nil
}

// byUniqueKey is the order in which groups take unique keys.
func byUniqueKey(a, b *task.Task) int {
	if a.UniqueKey == "" && b.UniqueKey == "" {
		return 0
	}
	return cmp.Or(cmp.Compare(a.UniqueKey, b.UniqueKey), cmp.Compare(a.Type, b.Type))
}

func setOf(ids []uuid.UUID) map[uuid.UUID]bool {
	set := make(map[uuid.UUID]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}
