package ratelimit

import (
	"context"
	_ "embed" // for the script
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"
	goredis "github.com/redis/go-redis/v9"

	"github.com/headrace/headrace/core/redis"
)

//go:embed lua/bucket.lua
var scriptText string

// gather is the least time between two looks at an empty bucket: at a high rate
// several starts share one look, at a low one nobody notices.
const gather = 20 * time.Millisecond

// lookEvery is the most time between them: tokens may come back before their
// time, from other nodes too.
const lookEvery = time.Second

// Config of Limits. Client and Rates are required.
type Config struct {
	Client *redis.Client
	// Rates by task type.
	Rates map[string]Rate
	// Freed is called when tokens of a type that has waited for some went back.
	// It must not block. Nil: nobody wants to know.
	Freed func(taskType string)
	// Limit of one call to Redis. Default 250 ms.
	Limit time.Duration
	// Retry is how long Redis is left alone after an error. Default 1 s.
	Retry      time.Duration
	Logger     hclog.Logger
	Registerer prometheus.Registerer
}

func (c *Config) complete() error {
	if c.Client == nil {
		return errors.New("ratelimit: a client is needed")
	}
	for name, r := range c.Rates {
		if err := r.check(); err != nil {
			return fmt.Errorf("ratelimit: type %q: %w", name, err)
		}
	}
	if c.Freed == nil {
		c.Freed = func(string) {}
	}
	if c.Limit <= 0 {
		c.Limit = 250 * time.Millisecond
	}
	if c.Retry <= 0 {
		c.Retry = time.Second
	}
	if c.Logger == nil {
		c.Logger = hclog.NewNullLogger()
	}
	return nil
}

// Limits are the rate limits of this node's task types.
type Limits struct {
	cfg    Config
	script *goredis.Script
	byType map[string]*limit
	signal chan struct{}
	// awayUntil is until when Redis is left alone, in ns since 1970.
	awayUntil atomic.Int64
	waits     *prometheus.CounterVec
	// now for the script, in ms; nil: Redis's own time.
	now func() int64
}

// New makes limits; Run gives tokens back.
func New(cfg Config) (*Limits, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	l := &Limits{
		cfg: cfg, script: goredis.NewScript(scriptText), byType: map[string]*limit{}, signal: make(chan struct{}, 1),
		waits: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "headrace_rate_limit_waits_total", Help: "Times that this node found no token for all that it could start, by type.",
		}, []string{"type"}),
	}
	if cfg.Registerer != nil {
		cfg.Registerer.MustRegister(l.waits)
	}
	for name, rate := range cfg.Rates {
		l.byType[name] = &limit{name: name, rate: rate}
		l.waits.WithLabelValues(name)
	}
	return l, nil
}

// Run gives tokens back until ctx ends, and then those that are left.
func (l *Limits) Run(ctx context.Context) error {
	for {
		select {
		case <-l.signal:
			l.giveBack(ctx)
		case <-ctx.Done():
			l.giveBack(context.WithoutCancel(ctx))
			return nil
		}
	}
}

// Permit takes up to n tokens of a type. When it grants fewer, it makes sense to
// ask again after that time. The ticket is always 0. A type without a limit is
// granted everything.
func (l *Limits) Permit(ctx context.Context, taskType string, n int) (granted int, ticket int64, again time.Duration) {
	one := l.byType[taskType]
	if one == nil {
		return n, 0, 0
	}
	if left := one.wait(time.Now()); left > 0 {
		return 0, 0, left
	}
	granted, ms := l.take(ctx, one, n)
	if granted == n {
		return granted, 0, 0
	}
	l.waits.WithLabelValues(taskType).Inc()
	again = min(max(time.Duration(ms)*time.Millisecond, gather), lookEvery)
	one.hold(time.Now().Add(again))
	return granted, 0, again
}

// Return gives back tokens whose starts did not happen. It does not wait.
func (l *Limits) Return(taskType string, _ int64, n int) {
	one := l.byType[taskType]
	if one == nil || n <= 0 {
		return
	}
	one.mu.Lock()
	one.back += n
	one.mu.Unlock()
	select {
	case l.signal <- struct{}{}:
	default:
	}
}

// Observe does nothing: a token is spent whatever comes of it.
func (l *Limits) Observe(string, int64, int, int, int) {}

// Holds tells whether the type waits for tokens, as far as this node knows.
func (l *Limits) Holds(taskType string) bool {
	one := l.byType[taskType]
	return one != nil && one.wait(time.Now()) > 0
}

// giveBack brings tokens back to their buckets.
func (l *Limits) giveBack(ctx context.Context) {
	for _, one := range l.byType {
		if !one.owes() {
			continue
		}
		l.take(ctx, one, 0)
		if one.free() {
			l.cfg.Freed(one.name)
		}
	}
}

// take asks Redis, and the bucket in memory while Redis does not answer.
func (l *Limits) take(ctx context.Context, one *limit, n int) (granted int, again int64) {
	back := one.takeBack()
	granted, again, err := l.ask(ctx, one, n, back)
	if err == nil {
		one.join()
		return granted, again
	}
	granted, again, first := one.takeAlone(n, back, time.Now())
	if first {
		l.cfg.Logger.Warn("redis not reached: this node limits the rate for itself", "type", one.name, "error", err)
	}
	return granted, again
}

// errAway says that Redis is not asked, since it did not answer a moment ago.
var errAway = errors.New("redis did not answer a moment ago")

// ask runs the script.
func (l *Limits) ask(ctx context.Context, one *limit, n, back int) (granted int, again int64, err error) {
	if time.Now().UnixNano() < l.awayUntil.Load() {
		return 0, 0, errAway
	}
	limited, cancel := context.WithTimeout(ctx, l.cfg.Limit)
	defer cancel()
	var now any = ""
	if l.now != nil {
		now = l.now()
	}
	keys := []string{l.cfg.Client.Keys.Limit(one.name)}
	values, err := l.script.Run(limited, l.cfg.Client, keys, now, one.rate.PerSecond, one.rate.Burst, n, back).Int64Slice()
	if err == nil && len(values) != 2 {
		err = fmt.Errorf("the script answered %d values", len(values))
	}
	if err != nil {
		if ctx.Err() == nil {
			l.awayUntil.Store(time.Now().Add(l.cfg.Retry).UnixNano())
		}
		return 0, 0, fmt.Errorf("take from the bucket of %s: %w", one.name, err)
	}
	return int(values[0]), values[1], nil
}
