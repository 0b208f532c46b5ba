package recovery

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Maintainer is a store that needs care: partitions ahead, expired rows away.
type Maintainer interface {
	Maintain(ctx context.Context) error
}

// Upkeep cares for the store every few minutes, on the leader.
type Upkeep struct {
	store Maintainer
	leads func() bool
	log   hclog.Logger
}

// upkeepEvery: partitions are made days ahead, so it may fail for hours.
const upkeepEvery = 10 * time.Minute

// NewUpkeep makes an Upkeep; Run starts it. leads tells whether this node leads.
func NewUpkeep(store Maintainer, leads func() bool, log hclog.Logger) (*Upkeep, error) {
	if store == nil || leads == nil || log == nil {
		return nil, errors.New("recovery: a store, a leader and a logger are needed")
	}
	return &Upkeep{store: store, leads: leads, log: log}, nil
}

// Run cares until ctx ends; it returns nil.
func (u *Upkeep) Run(ctx context.Context) error {
	return every(ctx, upkeepEvery, nil, u.log, func(ctx context.Context) error {
		if !u.leads() {
			return nil
		}
		return u.store.Maintain(ctx)
	})
}
