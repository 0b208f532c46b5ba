package config

import (
	"math"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Bounds of the blocks that protect what is behind a task type.
const (
	minRate = 0.001
	maxRate = 1_000_000
	// maxWindow and maxProbes bound what a breaker costs in Redis.
	maxWindow  = 10 * time.Minute
	maxProbes  = 100
	maxOpenFor = 24 * time.Hour
	maxMinimum = 1_000_000
)

// RateLimit is a `rate_limit` block: starts a second, on all nodes together.
type RateLimit struct {
	// PerSecond in the long run.
	PerSecond float64 `json:"per_second"`
	// Burst is how many may start at once after a quiet time; PerSecond, rounded
	// up, unless the block says otherwise.
	Burst int `json:"burst"`
}

// CircuitBreaker is a `circuit_breaker` block.
type CircuitBreaker struct {
	// FailureRatio of the calls in Window opens it; above 0, at most 1.
	FailureRatio float64 `json:"failure_ratio"`
	// Minimum of calls that Window must hold before the ratio counts.
	Minimum int `json:"minimum"`
	// Window in whole seconds.
	Window time.Duration `json:"window"`
	// OpenFor is how long it stays open.
	OpenFor time.Duration `json:"open_for"`
	// Probes that must succeed before it closes, on all nodes together.
	Probes int `json:"probes"`
}

// DefaultCircuitBreaker is an empty `circuit_breaker` block.
func DefaultCircuitBreaker() CircuitBreaker {
	return CircuitBreaker{FailureRatio: 0.5, Minimum: 20, Window: 30 * time.Second, OpenFor: 15 * time.Second, Probes: 3}
}

// readRateLimit reads the block; nil when there is none.
func readRateLimit(b *block) *RateLimit {
	inner, ok := b.optional("rate_limit")
	if !ok {
		return nil
	}
	r := &RateLimit{}
	inner.require("per_second", "it is the limit")
	if inner.number("per_second", &r.PerSecond, minRate, maxRate) {
		r.Burst = int(math.Ceil(r.PerSecond))
	}
	inner.count("burst", &r.Burst, 1, maxRate)
	b.adopt(inner)
	return r
}

// channelPrefix begins the names of channels' breakers.
const channelPrefix = "ch."

// readCircuitBreaker reads the block of the task type called name; nil when
// there is none.
func readCircuitBreaker(b *block, name string) *CircuitBreaker {
	inner, ok := b.optional("circuit_breaker")
	if !ok {
		return nil
	}
	c := DefaultCircuitBreaker()
	inner.number("failure_ratio", &c.FailureRatio, 0.001, 1)
	inner.count("minimum", &c.Minimum, 1, maxMinimum)
	if inner.duration("window", &c.Window, time.Second, maxWindow) && c.Window%time.Second != 0 {
		inner.errorf(inner.place.Of("window"), "Invalid value", "%q is %s; it must be whole seconds, since calls are counted by the second", "window", c.Window)
	}
	inner.duration("open_for", &c.OpenFor, 100*time.Millisecond, maxOpenFor)
	inner.count("probes", &c.Probes, 1, maxProbes)
	if strings.HasPrefix(name, channelPrefix) {
		inner.errorf(inner.head, "Unsupported block", "breakers called %s… are those of channels; a task type of that name cannot have one", channelPrefix)
	}
	b.adopt(inner)
	return &c
}

// optional opens the one nested block of a type; false when it is absent.
func (b *block) optional(name string) (*block, bool) {
	from := b.childSyntax(name)
	if from == nil {
		return nil, false
	}
	return b.l.open(from.Body, from.DefRange(), name, b.path+"/"+name), true
}

// number reads a number from least to most, which may have a fraction.
func (b *block) number(name string, target *float64, least, most float64) bool {
	s, ok := b.get(name)
	if !ok {
		return false
	}
	value, err := convert.Convert(s.value, cty.Number)
	if err != nil {
		b.wrongType(s, "a number")
		return false
	}
	n, _ := value.AsBigFloat().Float64() // what is lost is far below what matters
	if n < least || n > most {
		b.outOfRange(s, "from %g to %g", least, most)
		return false
	}
	*target = n
	return true
}
