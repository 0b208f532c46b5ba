package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/headrace/headrace/core/pluginhost/process"
)

// Host runs the plugins of one engine. Its methods may be called at any time and
// from any goroutine; Run once.
type Host struct {
	cfg   Config
	order []*slot
	slots map[string]*slot
	// over is closed when Run has returned.
	over chan struct{}
	ran  atomic.Bool

	mu      sync.Mutex
	changes chan struct{}
}

// New checks the configuration and makes a host that has started nothing yet.
func New(cfg Config) (*Host, error) {
	cfg.Slots = append([]SlotConfig(nil), cfg.Slots...)
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	h := &Host{cfg: cfg, slots: map[string]*slot{}, over: make(chan struct{}), changes: make(chan struct{})}
	for _, c := range cfg.Slots {
		s := newSlot(c, cfg, h.changed)
		h.order, h.slots[c.Name] = append(h.order, s), s
	}
	return h, nil
}

// Run starts the guard and all slots and supervises them. When ctx ends it
// drains and stops them, and returns when every process is gone. A plugin that
// does not start is no error of Run.
func (h *Host) Run(ctx context.Context) (err error) {
	if h.ran.Swap(true) {
		return errors.New("plugin host: it was run before")
	}
	defer close(h.over)
	dir, err := process.MakeRunDir(filepath.Join(h.cfg.StateDir, "run"))
	if err != nil {
		return fmt.Errorf("plugin host: %w", err)
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	guard, err := process.StartGuard(h.cfg.GuardCommand, h.cfg.Logger.Named("guard"))
	if err != nil {
		return fmt.Errorf("plugin host: %w", err)
	}
	defer func() { err = errors.Join(err, guard.Close()) }()
	var slots sync.WaitGroup
	for _, s := range h.order {
		slots.Go(func() { s.run(ctx, dir.Path(), guard) })
	}
	slots.Wait()
	return nil
}

// Started waits until each slot has tried to start once, successfully or not.
func (h *Host) Started(ctx context.Context) error {
	for _, s := range h.order {
		select {
		case <-s.tried:
		case <-h.over:
			return errors.New("plugin host: it has ended")
		case <-ctx.Done():
			return fmt.Errorf("wait for the plugins: %w", ctx.Err())
		}
	}
	return nil
}

// Submit hands a batch to a slot's active generation, all of it or nothing. It
// never waits for the plugin. Each accepted assignment gets exactly one outcome,
// through sink, from another goroutine. The sink must be comparable: a pointer.
// The errors are ErrUnknownSlot, ErrNotActive and ErrDuplicate.
//
// How much is in flight is for the caller to bound.
func (h *Host) Submit(slot string, batch []Assignment, sink Sink) error {
	s := h.slots[slot]
	if s == nil {
		return ErrUnknownSlot
	}
	return s.submit(batch, sink)
}

// Cancel asks the process that holds them to end attempts; others are left out.
// Their outcomes come as always.
func (h *Host) Cancel(slot string, attempts []AttemptKey, reason Reason) {
	if g := h.holder(slot); g != nil {
		g.flight.cancel(attempts, reason)
	}
}

// Kill ends the process that holds the attempt, at once and with everything else
// in it; the outcomes are crashes. It does nothing when no process holds it.
func (h *Host) Kill(slot string, attempt AttemptKey) {
	if g := h.holder(slot); g != nil && g.flight.holds(attempt) {
		g.condemn(CrashKilled)
	}
}

func (h *Host) holder(slot string) *generation {
	s := h.slots[slot]
	if s == nil {
		return nil
	}
	return s.holder()
}

// Active tells whether the slot takes tasks now.
func (h *Host) Active(slot string) bool {
	s := h.slots[slot]
	return s != nil && s.active.Load() != nil
}

// Changes returns a channel that is closed when any slot becomes active or stops
// being so. Ask for it before looking at Active, and again after each change.
func (h *Host) Changes() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.changes
}

func (h *Host) changed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.changes)
	h.changes = make(chan struct{})
}

// Status of all slots, in the order of the configuration.
func (h *Host) Status() []SlotStatus {
	out := make([]SlotStatus, len(h.order))
	for i, s := range h.order {
		out[i] = s.status()
	}
	return out
}

// Describe returns what the slot's plugin said about itself when it last became
// active; false when it never has.
func (h *Host) Describe(slot string) (Description, bool) {
	s := h.slots[slot]
	if s == nil {
		return Description{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.description, s.described
}
