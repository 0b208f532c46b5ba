package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/node"
)

// RegisterNode inserts a node with a lease of that length from now on.
func (s *Store) RegisterNode(ctx context.Context, info node.Info, lease time.Duration, ev event.Event) error {
	return s.write(ctx, "register node", func(ctx context.Context, b *batch) error {
		if err := checkTexts(info.Name, info.Version, info.ConfigHash); err != nil {
			return err
		}
		started := info.Started
		if started.IsZero() {
			started = b.now
		}
		_, err := b.exec(ctx, qRegisterNode, info.ID[:], info.Name, info.Version, started.UnixMicro(),
			b.now.Add(lease).UnixMicro(), info.ConfigHash)
		if err != nil {
			return err
		}
		return b.writeEvent(ctx, qInsertEvent, &ev)
	})
}

// RenewNode prolongs the lease, unless it has ended or the node was declared
// dead.
func (s *Store) RenewNode(ctx context.Context, id uuid.UUID, lease time.Duration) (held bool, err error) {
	err = s.write(ctx, "renew node", func(ctx context.Context, b *batch) error {
		changed, err := b.exec(ctx, qRenewNode, id[:], b.now.Add(lease).UnixMicro(), b.now.UnixMicro())
		held = changed == 1
		return err
	})
	return held && err == nil, err
}

// DeclareDead marks nodes whose lease has ended, each with its event, and
// returns them.
func (s *Store) DeclareDead(ctx context.Context, lost func(node.Info) event.Event) ([]node.Info, error) {
	return s.declare(ctx, lost, func(ctx context.Context, b *batch) ([]uuid.UUID, error) {
		lapsed, err := collect(ctx, b.stmt(ctx, qLapsedNodes), scanNode, b.now.UnixMicro())
		ids := make([]uuid.UUID, len(lapsed))
		for i := range lapsed {
			ids[i] = lapsed[i].ID
		}
		return ids, err
	})
}

// DeclareAllDead marks every node that was alive when the store was opened:
// they were starts of processes that are gone, since this one holds the lock of
// the file. Nodes that this process registered are not among them.
func (s *Store) DeclareAllDead(ctx context.Context, lost func(node.Info) event.Event) ([]node.Info, error) {
	return s.declare(ctx, lost, func(context.Context, *batch) ([]uuid.UUID, error) { return s.orphans, nil })
}

// declare marks the chosen nodes, those that are marked already excepted.
func (s *Store) declare(
	ctx context.Context, lost func(node.Info) event.Event, choose func(context.Context, *batch) ([]uuid.UUID, error),
) (dead []node.Info, err error) {
	err = s.write(ctx, "declare nodes dead", func(ctx context.Context, b *batch) error {
		ids, err := choose(ctx, b)
		if err != nil {
			return err
		}
		for _, id := range ids {
			info, ok, err := b.endNode(ctx, id, lost)
			if err != nil {
				return err
			}
			if ok {
				dead = append(dead, info)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return dead, nil
}

// EndNode marks a node that stops by itself, with its event. One that is marked
// already stays as it is, without an event.
func (s *Store) EndNode(ctx context.Context, id uuid.UUID, ev event.Event) error {
	return s.write(ctx, "end node", func(ctx context.Context, b *batch) error {
		_, _, err := b.endNode(ctx, id, func(node.Info) event.Event { return ev })
		return err
	})
}

func (b *batch) endNode(ctx context.Context, id uuid.UUID, makeEvent func(node.Info) event.Event) (node.Info, bool, error) {
	info, ok, err := first(ctx, b.stmt(ctx, qEndNode), scanNode, id[:], b.now.UnixMicro())
	if err != nil {
		return node.Info{}, false, fmt.Errorf("end node %s: %w", id, err)
	}
	if !ok {
		return node.Info{}, false, nil
	}
	e := makeEvent(info)
	return info, true, b.writeEvent(ctx, qInsertEvent, &e)
}

// Nodes lists the nodes, newest first.
func (s *Store) Nodes(ctx context.Context) ([]node.Info, error) {
	nodes, err := collect(ctx, s.readers.stmts[qNodes], scanNode)
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	return nodes, nil
}

// DeadWithWork lists dead nodes that still own running tasks.
func (s *Store) DeadWithWork(ctx context.Context) ([]uuid.UUID, error) {
	ids, err := s.ids(ctx, qDeadWithWork)
	if err != nil {
		return nil, fmt.Errorf("dead nodes with work: %w", err)
	}
	return ids, nil
}

func scanNode(row scanner) (info node.Info, err error) {
	var started, lease, dead sql.NullInt64
	if err := row.Scan(&info.ID, &info.Name, &info.Version, &started, &lease, &dead, &info.ConfigHash); err != nil {
		return node.Info{}, fmt.Errorf("scan node: %w", err)
	}
	info.Started, info.LeaseUntil, info.DeadAt = timeOf(started), timeOf(lease), timeOf(dead)
	return info, nil
}
