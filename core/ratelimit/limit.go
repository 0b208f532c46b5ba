package ratelimit

import (
	"sync"
	"time"
)

// limit is what this node knows of one type's.
type limit struct {
	name string
	rate Rate

	mu sync.Mutex
	// until is when it makes sense to ask again.
	until time.Time
	// back are the tokens on their way back.
	back int
	// alone is the bucket in memory while Redis does not answer.
	alone *bucket
}

// wait is how long to wait until it makes sense to ask for tokens.
func (l *limit) wait(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(l.until.Sub(now), 0)
}

func (l *limit) hold(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = until
}

// free ends the wait, since tokens have come back; false when nobody waits.
func (l *limit) free() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	waits := time.Now().Before(l.until)
	l.until = time.Time{}
	return waits
}

func (l *limit) owes() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.back > 0
}

// takeBack returns the tokens that are on their way back, and forgets them.
func (l *limit) takeBack() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	back := l.back
	l.back = 0
	return back
}

// join ends the time without Redis.
func (l *limit) join() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.alone = nil
}

// takeAlone takes from the bucket in memory. It begins empty, since the shared
// one may be; first tells that it begins.
func (l *limit) takeAlone(n, back int, now time.Time) (granted int, again int64, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if first = l.alone == nil; first {
		l.alone = newBucket(l.rate, now.UnixMilli())
		l.alone.tokens = 0
	}
	granted, again = l.alone.take(n, back, now.UnixMilli())
	return granted, again, first
}
