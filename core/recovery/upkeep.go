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

// Upkeep cares for the store every few minutes.
type Upkeep struct {
	store Maintainer
	log   hclog.Logger
}

// upkeepEvery: partitions are made days ahead, so it may fail for hours.
const upkeepEvery = 10 * time.Minute

// NewUpkeep makes an Upkeep; Run starts it.
func NewUpkeep(store Maintainer, log hclog.Logger) (*Upkeep, error) {
	if store == nil || log == nil {
		return nil, errors.New("recovery: a store and a logger are needed")
	}
	return &Upkeep{store: store, log: log}, nil
}

// Run cares until ctx ends; it returns nil.
func (u *Upkeep) Run(ctx context.Context) error {
	return every(ctx, upkeepEvery, nil, u.log, u.store.Maintain)
}
