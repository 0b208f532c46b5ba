package ratelimit

import (
	"fmt"
	"math"
)

// Rate is how often something may start.
type Rate struct {
	// PerSecond in the long run; above 0.
	PerSecond float64
	// Burst is how many may start at once after a quiet time; at least 1.
	Burst int
}

func (r Rate) check() error {
	if !(r.PerSecond > 0) || math.IsInf(r.PerSecond, 0) || r.Burst < 1 {
		return fmt.Errorf("a rate needs tokens a second and a burst, not %g and %d", r.PerSecond, r.Burst)
	}
	return nil
}

// bucket is the token bucket in memory. lua/bucket.lua is the same; change both.
type bucket struct {
	rate   Rate
	tokens float64
	// at is the time of tokens, in ms since 1970.
	at int64
}

// newBucket makes a full one.
func newBucket(r Rate, now int64) *bucket {
	return &bucket{rate: r, tokens: float64(r.Burst), at: now}
}

// take gives tokens back first, then takes up to want. again is the time until
// the next whole token, in ms; 0 when one is there.
func (b *bucket) take(want, back int, now int64) (granted int, again int64) {
	// In the script's order, and rounded at each step, so that both agree to the
	// last bit.
	refill := float64(float64(max(now-b.at, 0)) * b.rate.PerSecond / 1000)
	b.tokens = min(float64(b.rate.Burst), b.tokens+refill+float64(back))
	b.at = max(now, b.at)
	granted = min(want, int(b.tokens))
	b.tokens -= float64(granted)
	if b.tokens < 1 {
		again = int64(math.Ceil((1 - b.tokens) * 1000 / b.rate.PerSecond))
	}
	return granted, again
}
