package breaker

import (
	"fmt"
	"time"
)

// Settings are when a breaker opens, and how it closes again.
type Settings struct {
	// FailureRatio of the calls in the window opens the breaker; above 0, at
	// most 1.
	FailureRatio float64
	// Minimum is how many calls the window must hold before the ratio says
	// anything.
	Minimum int
	// Window in whole seconds, at most MaxWindow.
	Window time.Duration
	// OpenFor is how long it stays open before it tries again.
	OpenFor time.Duration
	// Probes are the calls that must succeed, on all nodes together, to close
	// it; at most MaxProbes.
	Probes int
	// ProbeTTL is how long a probe may go without a report until another one may
	// take its place: longer than any call.
	ProbeTTL time.Duration
}

// What one breaker may cost: two small numbers for each second of the window,
// one for each probe.
const (
	MaxWindow = 10 * time.Minute
	MaxProbes = 100
)

func (s *Settings) check() error {
	switch {
	case !(s.FailureRatio > 0 && s.FailureRatio <= 1):
		return fmt.Errorf("the failure ratio must be above 0 and at most 1, not %g", s.FailureRatio)
	case s.Minimum < 1:
		return fmt.Errorf("the minimum of calls must be at least 1, not %d", s.Minimum)
	case s.Window < time.Second || s.Window > MaxWindow || s.Window%time.Second != 0:
		return fmt.Errorf("the window must be whole seconds up to %s, not %s", MaxWindow, s.Window)
	case s.OpenFor < time.Millisecond || s.ProbeTTL < time.Millisecond:
		return fmt.Errorf("a time is missing: open for %s, probes for %s", s.OpenFor, s.ProbeTTL)
	case s.Probes < 1 || s.Probes > MaxProbes:
		return fmt.Errorf("probes must be 1 to %d, not %d", MaxProbes, s.Probes)
	}
	return nil
}

// State of a breaker.
type State string

// The states.
const (
	Closed   State = "closed"
	Open     State = "open"
	HalfOpen State = "half-open"
)

// cause is what began a generation.
type cause string

const (
	causeOpened     cause = "opened"
	causeHalfOpened cause = "half_opened"
	causeClosed     cause = "closed"
	causeReset      cause = "reset"
)

// condition is what is known of a breaker: its generation, and how that began.
// The zero generation is closed and has no beginning.
type condition struct {
	state State
	// generation rises with every change; it is the time of the change in ms, or
	// one more than the generation before.
	generation int64
	// since is when the generation began, in ms since 1970.
	since int64
	cause cause
	// by is who asked for a reset.
	by string
	// calls and failures of the generation before, when it ended in open.
	calls, failures int
}

// operation is one question to a state machine.
type operation struct {
	kind kind
	// n is how many permits are asked for.
	n int
	// generation of the permits whose outcomes are reported.
	generation int64
	tally
	// by is who asks for a reset.
	by string
}

type kind string

const (
	permit  kind = "permit"
	observe kind = "observe"
	reset   kind = "reset"
	look    kind = "look"
	// trip opens a closed breaker; the tally says why.
	trip kind = "trip"
)

// tally counts outcomes; other ones say nothing about what is behind the
// breaker, and only give their place back.
type tally struct{ ok, failed, other int }

func (t tally) plus(u tally) tally {
	return tally{t.ok + u.ok, t.failed + u.failed, t.other + u.other}
}

// answer of a state machine: how things stand after the operation.
type answer struct {
	condition
	// moved: this operation began the generation.
	moved   bool
	granted int
	// again is when a permit that was not granted may be, in ms from now; 0: not
	// known.
	again int64
}
