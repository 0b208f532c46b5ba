package node

import (
	"context"
	"errors"
	"sync"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/core/event"
)

// LeaderStore keeps the row of the leader.
type LeaderStore interface {
	// Lead tells whether a node leads. When no node whose lease holds does, it
	// takes the lead, with the event.
	Lead(ctx context.Context, id uuid.UUID, taken event.Event) (leads bool, err error)
}

// Leader tells whether this node is the one that does the housekeeping. A node
// leads as long as its lease holds and not longer, so a frozen one loses the
// lead with its tasks. What a leader does must be harmless when two do it: one
// that is frozen between the question and the deed is not asked again.
type Leader struct {
	store LeaderStore
	node  *Keeper
	log   hclog.Logger

	mu sync.Mutex
	// id is the node's id when it was told that it leads.
	id uuid.UUID
}

// NewLeader makes a leader that does not lead yet; Renew asks.
func NewLeader(store LeaderStore, node *Keeper, log hclog.Logger) (*Leader, error) {
	if store == nil || node == nil || log == nil {
		return nil, errors.New("node: a leader needs a store, a node and a logger")
	}
	return &Leader{store: store, node: node, log: log}, nil
}

// Leads tells whether this node leads now.
func (l *Leader) Leads() bool {
	id, holds := l.node.Holds()
	l.mu.Lock()
	defer l.mu.Unlock()
	return holds && l.id == id
}

// Renew asks the store who leads. It belongs after each renewal of the lease.
// While the store is away the answer stays: the lease ends it in time.
func (l *Leader) Renew(ctx context.Context) {
	id, holds := l.node.Holds()
	if !holds {
		return
	}
	taken := event.New(event.SystemLeaderChanged, "node took the lead", metadataOf(Info{
		ID: id, Name: l.node.cfg.Name, Version: l.node.cfg.Version,
	}))
	leads, err := l.store.Lead(ctx, id, taken)
	if err != nil {
		l.log.Warn("not known who leads", "error", err)
		return
	}
	if !leads {
		id = uuid.Nil
	}
	l.mu.Lock()
	l.id = id
	l.mu.Unlock()
}
