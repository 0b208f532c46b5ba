package app

import (
	"context"
	"sync"
	"time"

	"github.com/headrace/headrace/core/api"
	"github.com/headrace/headrace/core/outage"
	"github.com/headrace/headrace/core/pluginhost"
)

// pinger is a part that can be asked whether it answers.
type pinger func(ctx context.Context) error

// health asks the parts of the node regularly, so that an answer to whoever
// asks about it costs nothing.
type health struct {
	store, redis pinger
	host         *pluginhost.Host
	away         outages

	mu                   sync.Mutex
	storeAway, redisAway string
}

const (
	// healthEvery is the time between two looks, healthLimit how long one may
	// take: together they say how old an answer about a part can be.
	healthEvery = time.Second
	healthLimit = 2 * time.Second
)

func newHealth(store Store, redis interface{ PingOnce(context.Context) error }, host *pluginhost.Host, away outages) *health {
	return &health{store: store.Ping, redis: redis.PingOnce, host: host, away: away}
}

// run looks until ctx ends; it returns nil.
func (h *health) run(ctx context.Context) error {
	ticker := time.NewTicker(healthEvery)
	defer ticker.Stop()
	for {
		h.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// look asks both parts at the same time.
func (h *health) look(ctx context.Context) {
	var parts sync.WaitGroup
	var store, redis string
	parts.Go(func() { store = ask(ctx, h.store, h.away.store, "the database does not answer") })
	parts.Go(func() { redis = ask(ctx, h.redis, h.away.redis, "redis does not answer") })
	parts.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.storeAway, h.redisAway = store, redis
}

// ask returns why a part is not well; empty: it is.
func ask(ctx context.Context, ping pinger, part *outage.Part, trouble string) string {
	limited, cancel := context.WithTimeout(ctx, healthLimit)
	defer cancel()
	err := ping(limited)
	switch {
	case err == nil:
		part.Back()
		return ""
	case ctx.Err() == nil: // else the node stops, which says nothing of the part
		part.Away(err)
	}
	return trouble
}

// Report implements api.Checks.
func (h *health) Report(context.Context) []api.Check {
	h.mu.Lock()
	store, redis := h.storeAway, h.redisAway
	h.mu.Unlock()
	checks := []api.Check{{Name: "db", Reason: store, Vital: true}, {Name: "redis", Reason: redis}}
	for _, s := range h.host.Status() {
		c := api.Check{Name: "plugin " + s.Name}
		if s.State != pluginhost.StateActive {
			c.Reason = "the plugin is " + s.State.String()
		}
		checks = append(checks, c)
	}
	return checks
}

// StoreAway implements api.Checks.
func (h *health) StoreAway() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.storeAway != ""
}
