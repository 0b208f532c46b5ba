package sdk

import (
	"context"
	"sync"
)

// flight counts the attempts in the process and closes it for new ones.
type flight struct {
	mu       sync.Mutex
	count    int
	draining bool
	// idle is closed when draining has begun and nothing is left.
	idle chan struct{}
}

func newFlight() *flight { return &flight{idle: make(chan struct{})} }

// begin tells whether another attempt may start; each true needs one end.
func (f *flight) begin() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.draining {
		return false
	}
	f.count++
	return true
}

func (f *flight) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count--
	f.settle()
}

// drain refuses new attempts from now on and waits for those that run.
func (f *flight) drain(ctx context.Context) error {
	f.mu.Lock()
	f.draining = true
	f.settle()
	f.mu.Unlock()
	select {
	case <-f.idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// settle closes idle once; the caller holds mu.
func (f *flight) settle() {
	if !f.draining || f.count > 0 {
		return
	}
	select {
	case <-f.idle:
	default:
		close(f.idle)
	}
}

// drained tells whether a drain has been completed.
func (f *flight) drained() bool {
	select {
	case <-f.idle:
		return true
	default:
		return false
	}
}
