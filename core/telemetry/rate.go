package telemetry

import (
	"sync"
	"time"
)

// window of a Rate, in seconds.
const window = 60

// Rate counts events and tells how many there were in the last minute.
type Rate struct {
	mu      sync.Mutex
	buckets [window]float64
	// newest is the second, since 1970, of the newest bucket.
	newest int64
	now    func() time.Time
}

// NewRate makes a Rate; now is time.Now but in tests.
func NewRate(now func() time.Time) *Rate {
	return &Rate{now: now, newest: now().Unix()}
}

// Add counts n events now.
func (r *Rate) Add(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buckets[r.advance()%window] += float64(n)
}

// PerMinute is the number of events in the last 60 seconds.
func (r *Rate) PerMinute() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.advance()
	sum := 0.0
	for _, n := range r.buckets {
		sum += n
	}
	return sum
}

// advance empties the buckets of the seconds that have passed. The lock is held.
func (r *Rate) advance() int64 {
	second := max(r.now().Unix(), r.newest) // the clock may be set back
	for i := r.newest + 1; i <= second && i <= r.newest+window; i++ {
		r.buckets[i%window] = 0
	}
	r.newest = second
	return second
}
