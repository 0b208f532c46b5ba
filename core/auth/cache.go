package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

// fingerprint stands for a credential in memory, so that a dump of the process
// shows none.
type fingerprint [sha256.Size]byte

// verdict is what is known of a credential.
type verdict struct {
	principal Principal
	until     time.Time
}

// cache remembers verdicts for a short time. It holds at most size of them:
// when it is full an arbitrary one has to go, which costs its owner one more
// look into the store.
type cache struct {
	size int

	mu      sync.RWMutex
	entries map[fingerprint]verdict
}

func newCache(size int) *cache {
	return &cache{size: size, entries: make(map[fingerprint]verdict)}
}

// get returns a verdict that still holds.
func (c *cache) get(f fingerprint, now time.Time) (verdict, bool) {
	c.mu.RLock()
	v, ok := c.entries[f]
	c.mu.RUnlock()
	return v, ok && now.Before(v.until)
}

// put remembers a verdict.
func (c *cache) put(f fingerprint, v verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.entries[f]; !known && len(c.entries) >= c.size {
		for victim := range c.entries {
			delete(c.entries, victim)
			break
		}
	}
	c.entries[f] = v
}
