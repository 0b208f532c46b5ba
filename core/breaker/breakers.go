package breaker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/redis"
)

// ErrUnknown says that there is no breaker of that name.
var ErrUnknown = errors.New("there is no such circuit breaker")

// Config of Breakers. Client and Settings are required.
type Config struct {
	Client *redis.Client
	// Settings of each breaker, by name.
	Settings map[string]Settings
	// Record takes an event to be written at least once; nil: nobody does.
	Record func(event.Event)
	// Changed is called after this node has seen a breaker change; it must not
	// block, nor call back. Nil: nobody wants to know.
	Changed func(name string, s State)
	// Limit of one call to Redis. Default 250 ms.
	Limit time.Duration
	// Retry is how long Redis is left alone after an error. Default 1 s.
	Retry time.Duration
	// Fresh is how long this node goes by what it saw last: another node's change
	// or reset shows here that much later. Default 1 s.
	Fresh      time.Duration
	Logger     hclog.Logger
	Registerer prometheus.Registerer
}

func (c *Config) complete() error {
	if c.Client == nil {
		return errors.New("breaker: a client is needed")
	}
	for name, s := range c.Settings {
		if err := s.check(); err != nil {
			return fmt.Errorf("breaker %q: %w", name, err)
		}
	}
	if c.Record == nil {
		c.Record = func(event.Event) {}
	}
	if c.Changed == nil {
		c.Changed = func(string, State) {}
	}
	if c.Limit <= 0 {
		c.Limit = 250 * time.Millisecond
	}
	if c.Retry <= 0 {
		c.Retry = time.Second
	}
	if c.Fresh <= 0 {
		c.Fresh = time.Second
	}
	if c.Logger == nil {
		c.Logger = hclog.NewNullLogger()
	}
	return nil
}

// Breakers are the circuit breakers of this node's configuration.
type Breakers struct {
	cfg     Config
	remote  *remote
	metrics *metrics
	byName  map[string]*breaker
	signal  chan struct{}
}

// New makes breakers; Run reports what they observe.
func New(cfg Config) (*Breakers, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	b := &Breakers{
		cfg: cfg, remote: newRemote(cfg.Client, cfg.Limit, cfg.Retry), metrics: newMetrics(cfg.Registerer),
		byName: map[string]*breaker{}, signal: make(chan struct{}, 1),
	}
	for name, s := range cfg.Settings {
		b.byName[name] = newBreaker(name, s)
		b.metrics.state(name, Closed)
	}
	return b, nil
}

// Run reports outcomes until ctx ends, and then those that are left.
func (b *Breakers) Run(ctx context.Context) error {
	for {
		select {
		case <-b.signal:
			b.report(ctx)
		case <-ctx.Done():
			b.report(context.WithoutCancel(ctx))
			return nil
		}
	}
}

// Permit asks for n calls. It grants as many as may begin now, all of one
// generation, by which their outcomes are reported. When it grants fewer, it
// makes sense to ask again after that time. Without a breaker of the name
// everything is granted.
func (b *Breakers) Permit(ctx context.Context, name string, n int) (granted int, generation int64, again time.Duration) {
	one := b.byName[name]
	if one == nil {
		return n, 0, 0
	}
	if a, known := one.remembered(n, time.Now(), b.cfg.Fresh); known {
		return a.granted, a.generation, pause(a.again, b.cfg.Fresh)
	}
	a := b.do(ctx, one, operation{kind: permit, n: n})
	if a.granted < n {
		again = pause(a.again, b.cfg.Fresh)
	}
	return a.granted, a.generation, again
}

// Return gives back permits whose calls did not begin.
func (b *Breakers) Return(name string, generation int64, n int) {
	b.note(name, generation, tally{other: n})
}

// Observe reports outcomes: calls that succeeded, those that failed by the fault
// of what is behind the breaker, and those that say nothing about it. It does
// not wait.
func (b *Breakers) Observe(name string, generation int64, ok, failed, other int) {
	b.note(name, generation, tally{ok, failed, other})
}

func (b *Breakers) note(name string, generation int64, t tally) {
	if one := b.byName[name]; one != nil && one.note(generation, t) {
		select {
		case b.signal <- struct{}{}:
		default:
		}
	}
}

// report sends what has been noted, one call for each breaker and generation.
func (b *Breakers) report(ctx context.Context) {
	for _, one := range b.byName {
		for generation, t := range one.take() {
			b.do(ctx, one, operation{kind: observe, generation: generation, tally: t})
		}
	}
}

// Holds tells whether the breaker keeps calls back, as far as this node knows.
func (b *Breakers) Holds(name string) bool {
	one := b.byName[name]
	return one != nil && one.current().State != Closed
}

// Status is what there is to show of a breaker.
type Status struct {
	Name  string
	State State
	// Since is when the state began; zero: it was never anything but closed.
	Since time.Time
	// Calls and Failures in the window when it opened; 0 unless open.
	Calls, Failures int
	// Local: Redis does not answer, and the state is this node's own.
	Local bool
}

// List shows all breakers by name, as Redis has them now.
func (b *Breakers) List(ctx context.Context) []Status {
	all := make([]Status, 0, len(b.byName))
	for _, one := range b.byName {
		b.do(ctx, one, operation{kind: look})
		all = append(all, one.current())
	}
	slices.SortFunc(all, func(x, y Status) int { return strings.Compare(x.Name, y.Name) })
	return all
}

// Reset closes a breaker and forgets what it has counted; by is who asks. While
// Redis does not answer that is this node's own state, and the answer says so.
// The error is ErrUnknown.
func (b *Breakers) Reset(ctx context.Context, name, by string) (Status, error) {
	one := b.byName[name]
	if one == nil {
		return Status{}, ErrUnknown
	}
	b.do(ctx, one, operation{kind: reset, by: by})
	return one.current(), nil
}

// do lets a breaker's machine answer, and tells everybody when it has changed.
func (b *Breakers) do(ctx context.Context, one *breaker, op operation) answer {
	a, c := b.apply(ctx, one, op)
	if c.away {
		b.cfg.Logger.Warn("redis not reached: a circuit breaker goes by what this node sees", "breaker", one.name, "error", c.err)
	}
	if !c.changed {
		return a
	}
	b.metrics.state(one.name, a.state)
	if a.moved && a.cause == causeOpened {
		b.metrics.trips.Inc()
	}
	if c.worthAnEvent(a.since, time.Now()) {
		b.cfg.Record(transition(one.name, a.condition))
	}
	b.cfg.Changed(one.name, a.state)
	return a
}

// apply asks Redis, and the machine in memory while Redis does not answer.
func (b *Breakers) apply(ctx context.Context, one *breaker, op operation) (answer, change) {
	one.order.Lock()
	defer one.order.Unlock()
	if c, open := one.openAlone(); open { // what was learnt without Redis goes there first
		carry := operation{kind: trip, tally: tally{ok: c.calls - c.failures, failed: c.failures}}
		if a, err := b.remote.do(ctx, one.name, &one.settings, carry); err != nil {
			return one.doAlone(op, err, time.Now())
		} else if a.moved {
			b.cfg.Record(transition(one.name, a.condition))
		}
	}
	a, err := b.remote.do(ctx, one.name, &one.settings, op)
	if err != nil {
		return one.doAlone(op, err, time.Now())
	}
	return a, one.saw(a, time.Now())
}
