package main

import (
	"context"
	"fmt"
	"time"
)

// rig is one system, freshly set up for one measurement, with nothing in it.
type rig interface {
	// preload makes n tasks wait while no worker runs.
	preload(ctx context.Context, n int) error
	// arm starts what does not work on tasks yet: an engine that is a process of its own.
	arm(ctx context.Context) error
	// start lets the worker work and does not wait for it.
	start(ctx context.Context) error
	// warm has a started worker run a task, where only that opens all connections.
	warm(ctx context.Context) error
	// submit hands in one task, the way a user of the system does; many at once.
	submit(ctx context.Context) error
	// done waits until n tasks are settled, as durably as the system settles them.
	done(ctx context.Context, n int) error
	// pickUp hands in one task and returns when its handler started.
	pickUp(ctx context.Context) (time.Time, error)
	// engine is the process of an engine of its own; 0: the worker runs in this program.
	engine() int
	// figures are what the system tells of itself, by name; may be empty.
	figures(ctx context.Context) (map[string]float64, error)
	// close stops the worker and removes everything.
	close(ctx context.Context) error
}

// contender is one system at one setting.
type contender struct {
	System, Setting string
	make            func(ctx context.Context, s *services) (rig, error)
}

func (c contender) String() string { return c.System + ", " + c.Setting }

// pollEvery is how often it is looked whether all is done: the error of a drain, and cheap enough
// not to be seen in its CPU.
const pollEvery = 25 * time.Millisecond

// poll asks until the answer is yes.
func poll(ctx context.Context, what string, ask func(context.Context) (bool, error)) error {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		yes, err := ask(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if yes {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		case <-ticker.C:
		}
	}
}

// payload is what every task carries: 64 bytes of JSON.
const payload = `{"order":"1f0c7a52-9d7e-4c1b","items":[3,1,4,1,5],"total":42.95}`
