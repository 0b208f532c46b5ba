package dispatch

import (
	"testing"
	"time"
)

func TestOnlyShortAttemptsAreClaimedAhead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		concurrency int
		took        time.Duration
		want        int
	}{
		"unknown":              {concurrency: 64, want: 0},
		"as the horizon":       {concurrency: 64, took: horizon, want: 64},
		"a tenth":              {concurrency: 4, took: horizon / 10, want: 40},
		"ten times":            {concurrency: 64, took: 10 * horizon, want: 6},
		"longer than together": {concurrency: 64, took: 65 * horizon, want: 0},
		"nothing at all":       {concurrency: 64, took: time.Microsecond, want: aheadMost},
		"one place":            {concurrency: 1, took: 2 * horizon, want: 0},
	} {
		var p pace
		if c.took > 0 {
			p.ended(1, c.took)
		}
		if got := p.ahead(c.concurrency); got != c.want {
			t.Errorf("%s: %d ahead, want %d", name, got, c.want)
		}
	}
}

func TestThePaceFollowsItsAttempts(t *testing.T) {
	t.Parallel()
	var p pace
	p.ended(10, 10*time.Millisecond)
	p.ended(10*memory, 10*memory*time.Second)
	if p.mean < 900*time.Millisecond || p.mean > time.Second {
		t.Errorf("after many attempts of 1 s the mean is %v", p.mean)
	}
	for range 20 * memory {
		p.ended(1, time.Millisecond)
	}
	if p.mean > 2*time.Millisecond {
		t.Errorf("after many attempts of 1 ms the mean is %v", p.mean)
	}
	p.stalled(8)
	if n := p.ahead(8); n != 0 {
		t.Errorf("%d ahead after a stall", n)
	}
}
