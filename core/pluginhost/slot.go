package pluginhost

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/core/pluginhost/process"
)

// slot is a logical plugin: it supervises one generation after another and points
// at the one that takes tasks.
type slot struct {
	cfg    SlotConfig
	limits Limits
	log    hclog.Logger
	record func(Crash)
	// changed is called when the slot becomes active or stops being so.
	changed func()

	active atomic.Pointer[generation]
	// tried is closed after the first attempt to start.
	tried     chan struct{}
	triedOnce sync.Once

	mu          sync.Mutex
	newest      *generation
	generations uint64
	described   bool
	description Description
	lastCrash   *Crash
	lastError   error
	nextStart   time.Time
}

func newSlot(cfg SlotConfig, host Config, changed func()) *slot {
	return &slot{
		cfg: cfg, limits: host.Limits, log: host.Logger.Named(cfg.Name), record: host.Record,
		changed: changed, tried: make(chan struct{}),
	}
}

// run supervises the slot until ctx ends and its last process is gone.
func (s *slot) run(ctx context.Context, runDir string, guard process.Watcher) {
	defer s.firstTried()
	wait := newBackoff(s.limits)
	for ctx.Err() == nil {
		since := s.live(ctx, runDir, guard)
		s.firstTried()
		if ctx.Err() == nil {
			s.pause(ctx, wait.next(activeFor(since)))
		}
	}
}

func (s *slot) firstTried() { s.triedOnce.Do(func() { close(s.tried) }) }

// live leads one generation from its start to its end. It returns since when it
// was active; zero: never.
func (s *slot) live(ctx context.Context, runDir string, guard process.Watcher) (since time.Time) {
	g, err := s.begin(runDir, guard)
	if err == nil {
		err = g.launch(ctx)
	}
	if err != nil {
		s.notStarted(ctx, err)
		return time.Time{}
	}
	s.activate(g)
	s.firstTried()
	since = time.Now()
	crashed := g.watch(ctx)
	s.deactivate()
	if !crashed {
		crashed = g.stop(context.WithoutCancel(ctx)) // its rungs have limits of their own
	}
	if crashed {
		s.crashed(g.crash())
	}
	return since
}

// begin makes the next generation.
func (s *slot) begin(runDir string, guard process.Watcher) (*generation, error) {
	sum, err := digest(s.cfg.Command)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generations++
	g := &generation{
		cfg: s.cfg, limits: s.limits, log: s.log, number: s.generations, sha256: sum,
		runDir: runDir, guard: guard, flight: newFlight(), started: time.Now(),
	}
	s.newest, s.nextStart = g, time.Time{}
	if err != nil {
		g.state = StateFailed
		return nil, &StartError{Slot: s.cfg.Name, Stage: StageStart, Err: err}
	}
	return g, nil
}

// digest is the SHA-256 of a file in hex.
func digest(path string) (string, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	if err != nil {
		return "", fmt.Errorf("read the program: %w", err)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read the program: %w", err)
	}
	hash := sha256.New()
	_, err = io.Copy(hash, file)
	if err = errors.Join(err, file.Close()); err != nil {
		return "", fmt.Errorf("read the program: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func (s *slot) notStarted(ctx context.Context, err error) {
	s.mu.Lock()
	s.lastError = err
	s.mu.Unlock()
	if ctx.Err() == nil {
		s.log.Error("plugin not started", "error", err)
	}
}

func (s *slot) activate(g *generation) {
	g.become(StateActive)
	s.mu.Lock()
	s.lastError, s.described, s.description = nil, true, g.description
	s.mu.Unlock()
	s.log.Info("plugin active", "version", g.description.Version, "pid", g.process.PID(), "took", time.Since(g.started))
	s.active.Store(g)
	s.changed()
}

func (s *slot) deactivate() {
	s.active.Store(nil)
	s.changed()
}

func (s *slot) crashed(c Crash) {
	s.mu.Lock()
	s.lastCrash = &c
	s.mu.Unlock()
	s.log.Error("plugin crashed", "kind", c.Kind, "status", c.Status, "pid", c.PID, "in_flight", len(c.InFlight), "cause", c.Cause)
	s.record(c)
}

// pause waits before the next start.
func (s *slot) pause(ctx context.Context, wait time.Duration) {
	s.mu.Lock()
	s.nextStart = time.Now().Add(wait)
	s.mu.Unlock()
	s.log.Info("plugin starts again later", "wait", wait)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// submit hands a batch to the active generation.
func (s *slot) submit(batch []Assignment, sink Sink) error {
	for {
		g := s.active.Load()
		if g == nil {
			return ErrNotActive
		}
		err := g.flight.accept(batch, sink)
		if !errors.Is(err, errClosed) {
			return err
		}
		if s.active.Load() == g { // closed and not replaced yet
			return ErrNotActive
		}
	}
}

// holder returns the generation to ask about attempts, also when it takes no new
// ones; nil when there is none.
func (s *slot) holder() *generation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newest
}

func (s *slot) status() SlotStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := SlotStatus{
		Name: s.cfg.Name, State: StateStarting, LastCrash: s.lastCrash, LastError: s.lastError, NextStart: s.nextStart,
	}
	if s.described {
		out.Version = s.description.Version
	}
	if g := s.newest; g != nil {
		out.Restarts = int(s.generations - 1)
		g.fillStatus(&out)
	}
	return out
}
