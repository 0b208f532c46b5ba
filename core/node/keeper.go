package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/core/event"
)

// Lease is the default length of a node's lease: the work of a dead node is
// done elsewhere within twice that.
const Lease = 15 * time.Second

// trust is the part of the lease that the node itself relies on, counted from
// before the renewal was sent. The rest covers the difference between this
// clock's speed and the store's, and the time it takes to stop work.
const trust = 0.8

// Store keeps the nodes' rows.
type Store interface {
	RegisterNode(ctx context.Context, info Info, lease time.Duration, ev event.Event) error
	RenewNode(ctx context.Context, id uuid.UUID, lease time.Duration) (held bool, err error)
	EndNode(ctx context.Context, id uuid.UUID, ev event.Event) error
}

// Config of a Keeper. Store, Name and Version are required.
type Config struct {
	Store      Store
	Name       string
	Version    string
	ConfigHash string
	// Lease in the store. Default Lease.
	Lease time.Duration
	// Lost is called when the right to the running tasks has ended, or is about
	// to; they must be stopped at once.
	Lost func()
	// Renewed is called after each renewal, for what is to be looked at that
	// often.
	Renewed func(ctx context.Context)
	Logger  hclog.Logger
}

// Keeper holds the lease of this start of the engine.
type Keeper struct {
	cfg Config

	mu sync.Mutex
	id uuid.UUID
	// until is when trust ends, on the monotonic clock; zero: none.
	until time.Time
}

// NewKeeper checks cfg and makes a keeper without a lease; Register gets one.
func NewKeeper(cfg Config) (*Keeper, error) {
	if cfg.Store == nil || cfg.Name == "" || cfg.Version == "" {
		return nil, errors.New("node: a store, a name and a version are needed")
	}
	if cfg.Lease == 0 {
		cfg.Lease = Lease
	}
	if cfg.Lease < time.Second {
		return nil, errors.New("node: a lease has at least one second")
	}
	if cfg.Lost == nil {
		cfg.Lost = func() {}
	}
	if cfg.Renewed == nil {
		cfg.Renewed = func(context.Context) {}
	}
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	return &Keeper{cfg: cfg}, nil
}

// Holds returns the node's id and whether its lease can be relied on now.
func (k *Keeper) Holds() (uuid.UUID, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.id, time.Now().Before(k.until)
}

// Register gets a lease under a new id.
func (k *Keeper) Register(ctx context.Context) error {
	id, asked := uuid.Must(uuid.NewV7()), time.Now()
	info := Info{ID: id, Name: k.cfg.Name, Version: k.cfg.Version, Started: event.TimeOf(id), ConfigHash: k.cfg.ConfigHash}
	started := event.New(event.SystemStarted, "node started", metadataOf(info))
	if err := k.cfg.Store.RegisterNode(ctx, info, k.cfg.Lease, started); err != nil {
		return fmt.Errorf("register the node: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.id, k.until = id, asked.Add(k.trusted())
	return nil
}

// metadataOf is what events about a node carry.
func metadataOf(info Info) any {
	return struct {
		NodeID  uuid.UUID `json:"nodeId"`
		Name    string    `json:"name"`
		Version string    `json:"version"`
	}{info.ID, info.Name, info.Version}
}

// LostEvent is the event of a node that was declared dead.
func LostEvent(info Info) event.Event {
	return event.New(event.RecoveryNodeLost, "the node's lease ran out", metadataOf(info))
}

func (k *Keeper) trusted() time.Duration {
	return time.Duration(trust * float64(k.cfg.Lease))
}

// Run renews the lease until ctx ends, then returns nil; End gives it back. A
// node that loses its lease stops its work and goes on under a new id.
func (k *Keeper) Run(ctx context.Context) error {
	every := k.cfg.Lease / 3
	timer := time.NewTimer(every)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if k.turn(ctx) {
			timer.Reset(every)
		} else {
			timer.Reset(k.soon())
		}
	}
}

// soon is the wait after a failed turn: short enough to notice the end of the
// trust in time.
func (k *Keeper) soon() time.Duration {
	return min(k.cfg.Lease/10, time.Second)
}

// turn renews once, or registers anew; ok tells whether the lease holds.
func (k *Keeper) turn(ctx context.Context) (ok bool) {
	id, holds := k.Holds()
	if !holds {
		k.giveUp(id, "the lease could not be renewed in time")
		return k.again(ctx)
	}
	asked := time.Now()
	limited, cancel := context.WithDeadline(ctx, k.deadline())
	defer cancel()
	held, err := k.cfg.Store.RenewNode(limited, id, k.cfg.Lease)
	switch {
	case ctx.Err() != nil:
		return true
	case err != nil:
		k.cfg.Logger.Warn("lease not renewed", "node", id, "error", err)
		return false
	case !held:
		k.giveUp(id, "the lease was lost")
		return k.again(ctx)
	}
	k.mu.Lock()
	k.until = asked.Add(k.trusted())
	k.mu.Unlock()
	k.cfg.Renewed(ctx)
	return true
}

// deadline of a renewal: the end of the trust, so that a store that hangs does
// not keep the node from stopping its work.
func (k *Keeper) deadline() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.until
}

// giveUp stops the work that was done under id. It is called once an id.
func (k *Keeper) giveUp(id uuid.UUID, why string) {
	if id == uuid.Nil {
		return
	}
	k.mu.Lock()
	k.id, k.until = uuid.Nil, time.Time{}
	k.mu.Unlock()
	k.cfg.Logger.Error("the node stops its running tasks", "node", id, "reason", why)
	k.cfg.Lost()
}

// again gets a lease under a new id; the store may still be away.
func (k *Keeper) again(ctx context.Context) (ok bool) {
	limited, cancel := context.WithTimeout(ctx, k.cfg.Lease/3)
	defer cancel()
	if err := k.Register(limited); err != nil {
		if ctx.Err() == nil {
			k.cfg.Logger.Warn("node not registered", "error", err)
		}
		return false
	}
	id, _ := k.Holds()
	k.cfg.Logger.Info("the node goes on under a new id", "node", id)
	return true
}

// End gives the lease back after all work has stopped.
func (k *Keeper) End(ctx context.Context) error {
	k.mu.Lock()
	id := k.id
	k.id, k.until = uuid.Nil, time.Time{}
	k.mu.Unlock()
	if id == uuid.Nil {
		return nil
	}
	stopped := event.New(event.SystemStopped, "node stopped", metadataOf(Info{ID: id, Name: k.cfg.Name, Version: k.cfg.Version}))
	if err := k.cfg.Store.EndNode(ctx, id, stopped); err != nil {
		return fmt.Errorf("end the node: %w", err)
	}
	return nil
}
