package tasktype

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/core/event"
)

// PauseStore keeps pauses. What it changes it records in the same transaction.
type PauseStore interface {
	// PauseType begins a pause, or changes reason, author and end of the one that
	// stands; it answers with the pause as it stands.
	PauseType(ctx context.Context, p Pause, record func(Pause) event.Event) (Pause, error)
	// ResumeType ends a pause; ok is false, and nothing recorded, when none stood.
	ResumeType(ctx context.Context, name string, record func(Pause) event.Event) (ok bool, err error)
	// EndPauses ends those whose time is over by the store's clock.
	EndPauses(ctx context.Context, record func(Pause) event.Event) ([]Pause, error)
	// Pauses lists those that stand, by type.
	Pauses(ctx context.Context) ([]Pause, error)
}

// Pauses keeps the types of this node in line with the pauses in the store. The
// store decides; a signal of another node makes it look at once, and a slow poll
// finds what no signal told.
type Pauses struct {
	cfg   PausesConfig
	nudge chan struct{}
	// ends is the earliest end among the pauses known; zero: none ends by itself.
	ends time.Time
}

// PausesConfig of a Pauses. Store, Types and Changed are required.
type PausesConfig struct {
	Store PauseStore
	Types *Registry
	// Changed hears that a type of this node is paused now, or no more. It must
	// not wait.
	Changed func(name string, paused bool)
	// Tell lets the other nodes know that they should look; nil: they poll.
	Tell func(ctx context.Context, name string)
	// Leads tells whether this node ends pauses whose time is over. Two that do
	// are harmless. Default: it does.
	Leads func() bool
	// Every is the time between two looks. Default 5 s.
	Every  time.Duration
	Logger hclog.Logger
}

// endGrain is the least time between two looks for a pause whose end is due.
const endGrain = 250 * time.Millisecond

// NewPauses makes a Pauses; Load reads what stands, Run keeps up with it.
func NewPauses(cfg PausesConfig) (*Pauses, error) {
	if cfg.Store == nil || cfg.Types == nil || cfg.Changed == nil {
		return nil, errors.New("tasktype: pauses need a store, the types and Changed")
	}
	if cfg.Tell == nil {
		cfg.Tell = func(context.Context, string) {}
	}
	if cfg.Leads == nil {
		cfg.Leads = func() bool { return true }
	}
	if cfg.Every == 0 {
		cfg.Every = 5 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	return &Pauses{cfg: cfg, nudge: make(chan struct{}, 1)}, nil
}

// Load reads the pauses that stand. It comes before the first claim, so that a
// restart does not run what is paused.
func (p *Pauses) Load(ctx context.Context) error {
	standing, err := p.cfg.Store.Pauses(ctx)
	if err != nil {
		return fmt.Errorf("read the pauses of task types: %w", err)
	}
	byType := make(map[string]*Pause, len(standing))
	p.ends = time.Time{}
	for i := range standing {
		one := &standing[i]
		byType[one.Type] = one
		if !one.Until.IsZero() && (p.ends.IsZero() || one.Until.Before(p.ends)) {
			p.ends = one.Until
		}
	}
	for _, typ := range p.cfg.Types.List() {
		pause := byType[typ.Name]
		if typ.setPause(pause) {
			p.cfg.Changed(typ.Name, pause != nil)
		}
	}
	return nil
}

// Look makes Run look at once.
func (p *Pauses) Look() {
	select {
	case p.nudge <- struct{}{}:
	default:
	}
}

// Run keeps up with the store until ctx ends; it returns nil.
func (p *Pauses) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.nudge:
		case <-timer.C:
		}
		if err := p.turn(ctx); err != nil && ctx.Err() == nil {
			p.cfg.Logger.Warn("pauses not looked at, will be tried again", "error", err)
		}
		timer.Reset(p.wait(time.Now()))
	}
}

// turn ends what is over and reads what stands.
func (p *Pauses) turn(ctx context.Context) error {
	var errs []error
	if p.cfg.Leads() {
		errs = append(errs, p.end(ctx))
	}
	return errors.Join(append(errs, p.Load(ctx))...)
}

// end ends the pauses whose time is over.
func (p *Pauses) end(ctx context.Context) error {
	if p.ends.IsZero() || time.Now().Before(p.ends) {
		return nil
	}
	over, err := p.cfg.Store.EndPauses(ctx, endedEvent)
	if err != nil {
		return fmt.Errorf("end pauses: %w", err)
	}
	for i := range over {
		p.cfg.Logger.Info("a pause has ended by itself", "type", over[i].Type)
		p.cfg.Tell(ctx, over[i].Type)
	}
	return nil
}

// wait is the time until the next look: the poll, or the next end of a pause.
func (p *Pauses) wait(now time.Time) time.Duration {
	if p.ends.IsZero() {
		return p.cfg.Every
	}
	return min(p.cfg.Every, max(p.ends.Sub(now), endGrain))
}

// Pause pauses a type on all nodes, or changes the pause that stands. pause.By
// and pause.Since are set here.
func (p *Pauses) Pause(ctx context.Context, pause Pause, by Actor) (Pause, error) {
	pause.By = by.Name
	standing, err := p.cfg.Store.PauseType(ctx, pause, func(stands Pause) event.Event { return pausedEvent(stands, by) })
	if err != nil {
		return Pause{}, err
	}
	p.follow(ctx, pause.Type, &standing)
	return standing, nil
}

// Resume ends the pause of a type on all nodes; one that is not paused stays so.
func (p *Pauses) Resume(ctx context.Context, name string, by Actor) error {
	ended, err := p.cfg.Store.ResumeType(ctx, name, func(stood Pause) event.Event { return resumedEvent(stood, by) })
	if err != nil {
		return err
	}
	if ended {
		p.follow(ctx, name, nil)
	}
	return nil
}

// follow makes this node obey at once what it has just written, and lets the
// others look. Whoever wrote at the same time is found by this node's own look.
func (p *Pauses) follow(ctx context.Context, name string, pause *Pause) {
	if typ, ok := p.cfg.Types.Get(name); ok && typ.setPause(pause) {
		p.cfg.Changed(name, pause != nil)
	}
	p.Look()
	p.cfg.Tell(ctx, name)
}
