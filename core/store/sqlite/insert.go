package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/task"
)

// Insert writes submissions with their events and the answers of their requests
// in one transaction; every one has its own fate.
//
// A request of which nothing was inserted leaves no answer behind, so that a
// repeat is tried anew.
func (s *Store) Insert(ctx context.Context, subs []task.Submission) ([]task.InsertResult, error) {
	results := make([]task.InsertResult, len(subs))
	err := s.write(ctx, "insert tasks", func(ctx context.Context, b *batch) error {
		return b.insert(ctx, subs, results)
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// errNotAll rolls back a request of which not all can be inserted.
var errNotAll = errors.New("not all of an atomic request can be inserted")

// InsertAll writes the submissions of one request in a transaction of its own,
// all or none.
func (s *Store) InsertAll(ctx context.Context, subs []task.Submission) ([]task.InsertResult, error) {
	results := make([]task.InsertResult, len(subs))
	err := s.write(ctx, "insert all tasks", func(ctx context.Context, b *batch) error {
		err := b.insert(ctx, subs, results)
		if err == nil && slices.ContainsFunc(results, isUniqueTaken) {
			err = errNotAll
		}
		return err
	})
	if errors.Is(err, errNotAll) {
		undo(subs, results)
		return results, nil
	}
	if err != nil {
		return nil, err
	}
	return results, nil
}

func isUniqueTaken(r task.InsertResult) bool { return r.Fate == task.UniqueTaken }

// undo turns the fates of a request that was rolled back into what they are now.
// A unique key that a neighbour had just taken has no holder.
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

// insert writes request by request, in the order of their first submissions.
func (b *batch) insert(ctx context.Context, subs []task.Submission, results []task.InsertResult) error {
	for _, r := range requestsOf(subs) {
		taken, err := b.keyTaken(ctx, r.key)
		if err != nil {
			return err
		}
		for _, i := range r.items {
			if taken {
				results[i] = task.InsertResult{Fate: task.KeyTaken}
			} else if results[i], err = b.insertOne(ctx, &subs[i]); err != nil {
				return err
			}
		}
		if err := b.conclude(ctx, r, results); err != nil {
			return err
		}
	}
	return nil
}

// insertOne writes one task and its event, unless its unique key is taken.
func (b *batch) insertOne(ctx context.Context, sub *task.Submission) (task.InsertResult, error) {
	args, err := insertArgs(&sub.Task)
	if err != nil {
		return task.InsertResult{}, err
	}
	inserted, err := b.exec(ctx, qInsertTask, args...)
	if err != nil {
		return task.InsertResult{}, err
	}
	if inserted == 0 {
		holder, err := b.holder(ctx, &sub.Task)
		return task.InsertResult{Fate: task.UniqueTaken, Holder: holder}, err
	}
	return task.InsertResult{}, b.writeEvent(ctx, qInsertEvent, &sub.Event)
}

// holder finds the task that holds the unique key of t.
func (b *batch) holder(ctx context.Context, t *task.Task) (id uuid.UUID, err error) {
	err = b.stmt(ctx, qUniqueHolder).QueryRowContext(ctx, t.Type, t.UniqueKey).Scan(&id) //nolint:sqlclosecheck // it ends with tx
	if err != nil {
		return uuid.Nil, fmt.Errorf("holder of unique key %q: %w", t.UniqueKey, err)
	}
	return id, nil
}
