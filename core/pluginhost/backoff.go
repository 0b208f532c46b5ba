package pluginhost

import (
	"math/rand/v2"
	"time"
)

// backoff is the wait before a restart: full jitter under a doubling ceiling.
type backoff struct {
	initial, ceiling, healthy time.Duration
	failures                  int
	// random returns a number in [0, 1).
	random func() float64
}

func newBackoff(l Limits) *backoff {
	return &backoff{initial: l.Backoff, ceiling: l.BackoffMax, healthy: l.Healthy, random: rand.Float64}
}

// next returns the wait after a failure of a generation that was active for the
// given time.
func (b *backoff) next(active time.Duration) time.Duration {
	if active >= b.healthy {
		b.failures = 0
	}
	limit := b.ceiling
	// Beyond 30 doublings any initial time is above any ceiling in use.
	if b.failures < 30 && b.initial<<b.failures < b.ceiling {
		limit = b.initial << b.failures
	}
	b.failures++
	return time.Duration(b.random() * float64(limit))
}
