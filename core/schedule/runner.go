package schedule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/core/task"
)

// Offers is told of tasks that can run now; it never blocks and may forget.
type Offers interface {
	Offer(hints []task.Hint)
}

// Runner fires the schedules of the configuration, and does what people ask of
// them.
type Runner struct {
	cfg     Config
	entries []entry
}

// Config of a Runner. Store, Offers, Prepare and Leads are required.
type Config struct {
	Schedules []Settings
	Store     Store
	Offers    Offers
	// Prepare checks what a schedule submits, and makes the task of it, on behalf
	// of a principal. It writes nothing.
	Prepare func(s Settings, by string) (task.Task, error)
	// Leads tells whether this node fires schedules. That two do for a while is
	// harmless: the store makes one task of a fire time.
	Leads func() bool
	// Every is the longest time between two looks. Default 1 s.
	Every  time.Duration
	Logger hclog.Logger
}

// New makes a Runner; Run starts it. It fails when a schedule could not be run.
func New(cfg Config) (*Runner, error) {
	if cfg.Store == nil || cfg.Offers == nil || cfg.Prepare == nil || cfg.Leads == nil {
		return nil, errors.New("schedule: a store, offers, Prepare and to know who leads are needed")
	}
	if cfg.Every == 0 {
		cfg.Every = time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	r := &Runner{cfg: cfg}
	for _, s := range cfg.Schedules {
		e, err := newEntry(s)
		if err != nil {
			return nil, err
		}
		if _, err := cfg.Prepare(s, principal(s.Name)); err != nil {
			return nil, fmt.Errorf("schedule %s: %w", s.Name, err)
		}
		r.entries = append(r.entries, e)
	}
	slices.SortFunc(r.entries, func(a, b entry) int { return strings.Compare(a.Name, b.Name) })
	return r, nil
}

// Run fires schedules until ctx ends; it returns nil.
func (r *Runner) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if err := r.turn(ctx); err != nil && ctx.Err() == nil {
			r.cfg.Logger.Warn("schedules not looked at, will be tried again", "error", err)
		}
		timer.Reset(r.wait(time.Now()))
	}
}

// wait is the time until the next look: the next fire time, if that is near.
func (r *Runner) wait(now time.Time) time.Duration {
	wait := r.cfg.Every
	for i := range r.entries {
		if next := r.entries[i].next(now, 1); len(next) > 0 {
			wait = min(wait, next[0].Sub(now))
		}
	}
	return wait
}

// turn fires what is due. One schedule that fails leaves the others alone.
func (r *Runner) turn(ctx context.Context) error {
	if len(r.entries) == 0 || !r.cfg.Leads() {
		return nil
	}
	states, err := r.states(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for i := range r.entries {
		e := &r.entries[i]
		st, known := states[e.Name]
		switch {
		case !known || st.Hash != e.hash:
			errs = append(errs, r.adopt(ctx, e, st.Hash))
		case !st.Paused():
			errs = append(errs, r.work(ctx, e, st.Position))
		}
	}
	return errors.Join(errs...)
}

func (r *Runner) states(ctx context.Context) (map[string]State, error) {
	list, err := r.cfg.Store.Schedules(ctx)
	if err != nil {
		return nil, err
	}
	states := make(map[string]State, len(list))
	for _, st := range list {
		states[st.Name] = st
	}
	return states, nil
}

// adopt puts a new or changed schedule in force from now on.
func (r *Runner) adopt(ctx context.Context, e *entry, before string) error {
	now := time.Now().UTC().Truncate(time.Microsecond)
	st := State{Name: e.Name, Hash: e.hash, Position: now}
	return r.cfg.Store.AdoptSchedule(ctx, st, adoptedEvent(e, now, before != ""))
}

// work fires what is due of one schedule.
func (r *Runner) work(ctx context.Context, e *entry, position time.Time) error {
	p := e.plan(position, time.Now())
	if !p.passed.IsZero() {
		outcome, err := r.cfg.Store.PassSchedule(ctx, e.Name, e.hash, p.passed, missedEvent(e, position, p.passed))
		if err != nil || outcome == Held || outcome == Stale {
			return err
		}
		r.cfg.Logger.Warn("fire times were missed", "schedule", e.Name, "after", position, "until", p.passed)
	}
	for _, at := range p.fires {
		outcome, _, err := r.fire(ctx, e, at, Actor{})
		if err != nil || outcome == Held || outcome == Stale {
			return err
		}
	}
	return nil
}

// fire makes the task of a fire time; zero: run now.
func (r *Runner) fire(ctx context.Context, e *entry, at time.Time, by Actor) (Outcome, task.Task, error) {
	who := by.Name
	if at.IsZero() == (who == "") {
		return Stale, task.Task{}, fmt.Errorf("schedule %s: a fire time or a person is needed, not both", e.Name)
	}
	if who == "" {
		who = principal(e.Name)
	}
	t, err := r.cfg.Prepare(e.Settings, who)
	if err != nil {
		return Stale, task.Task{}, fmt.Errorf("schedule %s: %w", e.Name, err)
	}
	t.CorrelationID = by.CorrelationID
	outcome, err := r.cfg.Store.FireSchedule(ctx, Fire{
		Name: e.Name, Hash: e.hash, At: at, NoOverlap: e.NoOverlap && !at.IsZero(),
		Task: submission(e, &t, at, by), Skipped: skippedEvent(e, at),
	})
	if err == nil && outcome == Fired {
		r.cfg.Offers.Offer([]task.Hint{task.HintOf(&t)})
	}
	return outcome, t, err
}

// principal is who submits the tasks of a schedule.
func principal(name string) string { return "schedule:" + name }
