package dispatch

import (
	"sync"
	"time"
)

// pace follows how long the attempts of a type take, to know how many tasks can
// be claimed before there is a place for them. Claims and settlements are paid
// by the group, so short tasks need a stock to come in groups of more than a
// few; a long task must not wait here while another node has a place.
type pace struct {
	mu sync.Mutex
	// mean duration of an attempt, exponentially weighted; 0: none has ended yet.
	mean time.Duration
}

const (
	// horizon is within which time a task that is claimed ahead is expected to
	// start.
	horizon = 25 * time.Millisecond
	// patience is how long such a task waits when the expectation was wrong;
	// then it is given back.
	patience = 10 * horizon
	// aheadMost bounds the stock, so that a stop has little to give back.
	aheadMost = 512
	// memory is after how many attempts the mean has forgotten two thirds of
	// what was before.
	memory = 64
)

// ended notes that n attempts have taken so long in all.
func (p *pace) ended(n int, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	mean := took / time.Duration(n)
	if p.mean == 0 {
		p.mean = mean
	}
	p.mean += (mean - p.mean) * time.Duration(n) / time.Duration(n+memory)
}

// stalled notes that the expectation was wrong: nothing is claimed ahead until
// attempts are short again.
func (p *pace) stalled(concurrency int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mean = max(p.mean, time.Duration(concurrency+1)*horizon)
}

// ahead is how many tasks the places of a type will have taken in when the
// horizon is over, by Little's law.
func (p *pace) ahead(concurrency int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mean <= 0 {
		return 0
	}
	return int(min(aheadMost, time.Duration(concurrency)*horizon/p.mean))
}
