package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// submitters is how many clients hand in tasks at the same time.
const submitters = 64

// pause between two tasks whose pick-up is timed: long enough that everything sleeps again, and no
// divisor of any system's interval.
const pause = 37 * time.Millisecond

// limit bounds one measurement; the slowest takes some seconds.
const limit = 5 * time.Minute

// measurement is one run of one system.
type measurement struct {
	Scenario string `json:"scenario"`
	System   string `json:"system"`
	Setting  string `json:"setting"`
	Round    int    `json:"round"`
	Tasks    int    `json:"tasks"`
	// Seconds until all was settled, and until all was accepted where that is measured.
	Seconds         float64 `json:"seconds"`
	AcceptedSeconds float64 `json:"accepted_seconds,omitempty"`
	// CPU seconds used meanwhile, by whom.
	CPU usage `json:"cpu_seconds"`
	// OtherCores is how many cores everything else on the machine kept busy meanwhile.
	OtherCores float64 `json:"other_cores"`
	// StartCPU are the CPU seconds of an engine from its start until it was ready for work; they are
	// not part of CPU.
	StartCPU float64 `json:"start_cpu_seconds,omitempty"`
	// PickUpMS are the times from submission to start, in milliseconds.
	PickUpMS []float64 `json:"pick_up_ms,omitempty"`
	// Figures are what the system tells of itself.
	Figures map[string]float64 `json:"figures,omitempty"`
}

// scenario is a kind of work, and who does it. The first contender is compared with the others.
type scenario struct {
	name       string
	title      string
	tasks      int
	contenders []contender
	work       func(ctx context.Context, b *bench, r rig, m *measurement) error
}

// bench runs measurements.
type bench struct {
	services *services
}

// measureOne sets a system up, has it work, and removes it.
func (b *bench) measureOne(ctx context.Context, s *scenario, c contender, round int) (m measurement, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	m = measurement{Scenario: s.name, System: c.System, Setting: c.Setting, Round: round, Tasks: s.tasks}
	r, err := c.make(ctx, b.services)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, r.close(context.WithoutCancel(ctx))) }()
	if err := s.work(ctx, b, r, &m); err != nil {
		return m, err
	}
	m.Figures, err = r.figures(ctx)
	return m, err
}

// timed measures what is done in it.
func (b *bench) timed(r rig, m *measurement, do func(began time.Time) error) error {
	before, err := b.services.measure(r.engine())
	if err != nil {
		return err
	}
	began := time.Now()
	if err := do(began); err != nil {
		return err
	}
	m.Seconds = time.Since(began).Seconds()
	after, err := b.services.measure(r.engine())
	if err != nil {
		return err
	}
	m.CPU = after.minus(before)
	m.OtherCores = max(0, m.CPU.Machine-m.CPU.parts()) / m.Seconds
	return nil
}

// drain lets a worker work on a full queue and waits until all is settled.
func drain(ctx context.Context, b *bench, r rig, m *measurement) error {
	if err := r.preload(ctx, m.Tasks); err != nil {
		return err
	}
	if err := b.arm(ctx, r, m); err != nil {
		return err
	}
	if err := b.services.settle(ctx); err != nil {
		return err
	}
	return b.timed(r, m, func(time.Time) error {
		if err := r.start(ctx); err != nil {
			return err
		}
		return r.done(ctx, m.Tasks)
	})
}

// together has 64 clients hand in tasks one by one while a worker runs them.
func together(ctx context.Context, b *bench, r rig, m *measurement) error {
	if err := b.warmUp(ctx, r, m); err != nil {
		return err
	}
	return b.timed(r, m, func(began time.Time) error {
		if err := submitAll(ctx, r, m.Tasks); err != nil {
			return err
		}
		m.AcceptedSeconds = time.Since(began).Seconds()
		return r.done(ctx, m.Tasks)
	})
}

// arm starts an engine and notes what that costs, up to when it is ready for work.
func (b *bench) arm(ctx context.Context, r rig, m *measurement) error {
	var starting measurement
	err := b.timed(r, &starting, func(time.Time) error { return r.arm(ctx) })
	m.StartCPU = starting.CPU.Engine
	return err
}

// warmUp has a worker with nothing to do up and running.
func (b *bench) warmUp(ctx context.Context, r rig, m *measurement) error {
	if err := b.arm(ctx, r, m); err != nil {
		return err
	}
	if err := r.start(ctx); err != nil {
		return err
	}
	if err := r.warm(ctx); err != nil {
		return err
	}
	return b.services.settle(ctx)
}

// submitAll hands in n tasks by all clients.
func submitAll(ctx context.Context, r rig, n int) error {
	g, ctx := errgroup.WithContext(ctx)
	for i := range submitters {
		share := n / submitters
		if i < n%submitters {
			share++
		}
		g.Go(func() error {
			for range share {
				if err := r.submit(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// idle hands in one task after the other to a worker that has nothing else to do.
func idle(ctx context.Context, b *bench, r rig, m *measurement) error {
	if err := b.warmUp(ctx, r, m); err != nil {
		return err
	}
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	return b.timed(r, m, func(time.Time) error {
		for range m.Tasks {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-ticker.C:
			}
			began := time.Now()
			at, err := r.pickUp(ctx)
			if err != nil {
				return fmt.Errorf("pick-up: %w", err)
			}
			m.PickUpMS = append(m.PickUpMS, float64(at.UnixNano()-began.UnixNano())/1e6)
		}
		return nil
	})
}
