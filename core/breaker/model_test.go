package breaker

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sony/gobreaker/v2"
	"pgregory.net/rapid"
)

var errCall = errors.New("the call failed")

// pair is our machine and gobreaker's two-step breaker, with the same rules.
type pair struct {
	ours   *machine
	theirs *gobreaker.TwoStepCircuitBreaker[int]
	open   []call
}

// call is one that both let through and that has not reported yet.
type call struct {
	generation int64
	done       func(error)
}

func newPair(s Settings) *pair {
	return &pair{
		ours: newMachine(s, condition{}),
		theirs: gobreaker.NewTwoStepCircuitBreaker[int](gobreaker.Settings{
			MaxRequests: uint32(s.Probes), Timeout: s.OpenFor,
			ReadyToTrip: func(c gobreaker.Counts) bool {
				// Requests holds those that are still under way; ours does not.
				total := c.TotalSuccesses + c.TotalFailures
				return int(total) >= s.Minimum && float64(c.TotalFailures) >= s.FailureRatio*float64(total)
			},
		}),
	}
}

func (p *pair) begin(rt *rapid.T) {
	a := p.ours.do(operation{kind: permit, n: 1}, time.Now().UnixMilli())
	done, err := p.theirs.Allow()
	if (a.granted == 1) != (err == nil) {
		rt.Fatalf("a call in state %s: granted %d here, %v there", a.state, a.granted, err)
	}
	if err == nil {
		p.open = append(p.open, call{a.generation, done})
	}
}

func (p *pair) end(rt *rapid.T) {
	if len(p.open) == 0 {
		return
	}
	i := rapid.IntRange(0, len(p.open)-1).Draw(rt, "which")
	c := p.open[i]
	p.open = append(p.open[:i:i], p.open[i+1:]...)
	op := operation{kind: observe, generation: c.generation, tally: tally{ok: 1}}
	var err error
	if rapid.Bool().Draw(rt, "fails") {
		op.tally, err = tally{failed: 1}, errCall
	}
	p.ours.do(op, time.Now().UnixMilli())
	c.done(err)
}

// agree compares the states. Half-open begins here with the first permit after
// the time, there with the time.
func (p *pair) agree(rt *rapid.T) {
	states := map[gobreaker.State]State{gobreaker.StateClosed: Closed, gobreaker.StateHalfOpen: HalfOpen, gobreaker.StateOpen: Open}
	want := states[p.theirs.State()]
	due := p.ours.state == Open && time.Now().UnixMilli()-p.ours.since >= p.ours.settings.OpenFor.Milliseconds()
	if p.ours.state != want && (!due || want != HalfOpen) {
		rt.Fatalf("%s here, %s there", p.ours.state, want)
	}
}

// TestTheMachineAgreesWithGobreaker drives both where both define what happens:
// within one window, and with probes that report before their time is over.
func TestTheMachineAgreesWithGobreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(noDeadline{t}, func(rt *rapid.T) {
			s := anySettings(rt)
			s.Window, s.ProbeTTL = MaxWindow, 24*time.Hour
			p := newPair(s)
			for range rapid.IntRange(1, 80).Draw(rt, "steps") {
				switch rapid.IntRange(0, 4).Draw(rt, "step") {
				case 0, 1:
					p.begin(rt)
				case 2, 3:
					p.end(rt)
				case 4: // off the edge, since gobreaker opens just after the time and we at it
					time.Sleep(rapid.SampledFrom([]time.Duration{1, 1700, 3100}).Draw(rt, "pause, ms") * time.Millisecond)
				}
				p.agree(rt)
			}
		})
	})
}

// noDeadline hides the deadline of a test, which must not be asked for where
// time is simulated.
type noDeadline struct{ rapid.TB }
