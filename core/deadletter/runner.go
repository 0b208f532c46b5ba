package deadletter

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"
)

// Runner works on the redrives that were asked for. All it knows is in the
// store: it goes on where another node, or an earlier start of this one, left off.
type Runner struct {
	cfg   RunnerConfig
	nudge chan struct{}
}

// RunnerConfig of a Runner. Store, Offers and Leads are required.
type RunnerConfig struct {
	Store  RunnerStore
	Offers Offers
	// Leads tells whether this node does the housekeeping. That two do for a while
	// is harmless: a step holds the job's row, and the pace stands in it.
	Leads func() bool
	// Every is the time between two looks for jobs that another node took in.
	// Default 1 s.
	Every  time.Duration
	Logger hclog.Logger
}

// stepMost bounds the tasks of one transaction.
const stepMost = 256

// NewRunner makes a Runner; Run starts it.
func NewRunner(cfg RunnerConfig) (*Runner, error) {
	if cfg.Store == nil || cfg.Offers == nil || cfg.Leads == nil {
		return nil, errors.New("deadletter: a runner needs a store, offers and to know who leads")
	}
	if cfg.Every == 0 {
		cfg.Every = time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	return &Runner{cfg: cfg, nudge: make(chan struct{}, 1)}, nil
}

// Nudge has the runner look for jobs at once. It never blocks.
func (r *Runner) Nudge() {
	select {
	case r.nudge <- struct{}{}:
	default:
	}
}

// Run works until ctx ends; it returns nil.
func (r *Runner) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.nudge:
		case <-timer.C:
		}
		wait, err := r.turn(ctx)
		if err != nil {
			wait = r.cfg.Every
			if ctx.Err() == nil {
				r.cfg.Logger.Warn("a redrive does not go on, will be tried again", "error", err)
			}
		}
		timer.Reset(wait)
	}
}

// turn makes one step of each job and returns when to come again.
func (r *Runner) turn(ctx context.Context) (time.Duration, error) {
	wait := r.cfg.Every
	if !r.cfg.Leads() {
		return wait, nil
	}
	ids, err := r.cfg.Store.RunningRedrives(ctx)
	if err != nil {
		return wait, err
	}
	for _, id := range ids {
		next, err := r.step(ctx, id)
		if err != nil {
			return wait, err
		}
		wait = min(wait, next)
	}
	return wait, nil
}

// step makes one step of a job; a job at its end has nothing to wait for.
func (r *Runner) step(ctx context.Context, id uuid.UUID) (time.Duration, error) {
	step, err := r.cfg.Store.StepRedrive(ctx, StepRequest{ID: id, Most: stepMost, Redriven: jobRedrove, Ended: jobEnded})
	if err != nil {
		return 0, err
	}
	if len(step.Tasks) > 0 {
		offer(r.cfg.Offers, step.Tasks...)
	}
	if step.Job.State == Running {
		return step.Wait, nil
	}
	r.cfg.Logger.Info("a redrive is at its end", "redrive", id, "state", step.Job.State,
		"redriven", step.Job.Redriven, "skipped", step.Job.Skipped)
	return r.cfg.Every, nil
}
