package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/node"
)

// inTx runs do in a transaction of the control connections. do returns the
// events that it wrote or was about to write, for their partitions.
func (s *Store) inTx(ctx context.Context, op string, do func(pgx.Tx) ([]event.Event, error)) error {
	var events []event.Event
	ids := func() []uuid.UUID { return eventIDs(events)() }
	return s.write(ctx, op, ids, func() error {
		return pgx.BeginFunc(ctx, s.control, func(tx pgx.Tx) (err error) {
			if events, err = do(tx); err != nil {
				return err
			}
			return s.insertEvents(ctx, tx, events...)
		})
	})
}

// RegisterNode inserts a node with a lease of that length from now on, with its
// event.
func (s *Store) RegisterNode(ctx context.Context, info node.Info, lease time.Duration, ev event.Event) error {
	return s.inTx(ctx, "register node", func(tx pgx.Tx) ([]event.Event, error) {
		_, err := tx.Exec(ctx, s.queries[qRegisterNode],
			[16]byte(info.ID), info.Name, info.Version, info.ConfigHash, instant(info.Started), lease)
		return []event.Event{ev}, err
	})
}

// RenewNode prolongs the lease; held is false when it had ended already or the
// node was declared dead.
func (s *Store) RenewNode(ctx context.Context, id uuid.UUID, lease time.Duration) (held bool, err error) {
	tag, err := s.control.Exec(ctx, s.queries[qRenewNode], [16]byte(id), lease)
	if err != nil {
		return false, fail("renew node", err)
	}
	return tag.RowsAffected() == 1, nil
}

// DeclareDead marks nodes whose lease has ended, each with its event, and
// returns them.
func (s *Store) DeclareDead(ctx context.Context, lost func(node.Info) event.Event) (dead []node.Info, err error) {
	err = s.inTx(ctx, "declare nodes dead", func(tx pgx.Tx) ([]event.Event, error) {
		if dead, err = collect(ctx, tx, scanNode, s.queries[qDeclareDead]); err != nil {
			return nil, err
		}
		events := make([]event.Event, len(dead))
		for i := range dead {
			events[i] = lost(dead[i])
		}
		return events, nil
	})
	if err != nil {
		return nil, err
	}
	return dead, nil
}

// EndNode marks a node that stops by itself, with its event. One that is marked
// already stays as it is, without an event.
func (s *Store) EndNode(ctx context.Context, id uuid.UUID, ev event.Event) error {
	return s.inTx(ctx, "end node", func(tx pgx.Tx) ([]event.Event, error) {
		tag, err := tx.Exec(ctx, s.queries[qEndNode], [16]byte(id))
		if err != nil || tag.RowsAffected() == 0 {
			return nil, err
		}
		return []event.Event{ev}, nil
	})
}

// Nodes lists the nodes, newest first.
func (s *Store) Nodes(ctx context.Context) ([]node.Info, error) {
	nodes, err := collect(ctx, s.readers, scanNode, s.queries[qNodes])
	if err != nil {
		return nil, fail("list nodes", err)
	}
	return nodes, nil
}

// DeadWithWork lists dead nodes that still own running tasks.
func (s *Store) DeadWithWork(ctx context.Context) ([]uuid.UUID, error) {
	ids, err := collect(ctx, s.readers, scanID, s.queries[qDeadWithWork])
	if err != nil {
		return nil, fail("dead nodes with work", err)
	}
	return ids, nil
}

func scanNode(row pgx.CollectableRow) (info node.Info, err error) {
	var dead pgtype.Timestamptz
	err = row.Scan((*[16]byte)(&info.ID), &info.Name, &info.Version, &info.Started, &info.LeaseUntil, &dead, &info.ConfigHash)
	info.Started, info.LeaseUntil, info.DeadAt = info.Started.UTC(), info.LeaseUntil.UTC(), timeOf(dead)
	return info, err
}

// Epoch returns the epoch of a type's queue; uuid.Nil when it has none.
func (s *Store) Epoch(ctx context.Context, typ string) (uuid.UUID, error) {
	epoch, _, err := first(ctx, s.readers, scanID, s.queries[qGetEpoch], typ)
	if err != nil {
		return uuid.Nil, fail("epoch of a queue", err)
	}
	return epoch, nil
}

// SetEpoch stores it.
func (s *Store) SetEpoch(ctx context.Context, typ string, epoch uuid.UUID) error {
	if _, err := s.control.Exec(ctx, s.queries[qSetEpoch], typ, [16]byte(epoch)); err != nil {
		return fail("set the epoch of a queue", err)
	}
	return nil
}
