package dispatch

import (
	"context"
	"time"

	"github.com/headrace/headrace/core/pluginhost"
	"github.com/headrace/headrace/sdk/fault"
)

// Gate lets attempts at a type start, or keeps them back. It is asked before
// anything is popped, so that what is kept back stays in the queue.
type Gate interface {
	// Permit asks for n starts. When fewer are granted the lane asks again after
	// that time. The ticket goes with each attempt and comes back with its
	// outcome.
	Permit(ctx context.Context, taskType string, n int) (granted int, ticket int64, again time.Duration)
	// Return gives back starts that did not happen. It must not block.
	Return(taskType string, ticket int64, n int)
	// Observe reports the outcomes of attempts that started: successes, failures
	// of the destination, and others. It must not block.
	Observe(taskType string, ticket int64, ok, failed, other int)
	// Holds tells whether it keeps the type back now.
	Holds(taskType string) bool
}

// NamedGate is a gate with the wait_reason of the tasks that it keeps back.
type NamedGate struct {
	Gate
	Reason string
}

// pass is the way of one group of attempts through all gates. It is shared by
// the attempts of a turn.
type pass struct {
	taskType string
	// tickets, one for each gate.
	tickets []int64
}

// permit asks all gates in turn for up to n starts; what a later gate does not
// grant goes back to the earlier ones.
func (d *Dispatcher) permit(ctx context.Context, l *lane, n int) (*pass, int) {
	if len(d.cfg.Gates) == 0 {
		return nil, n
	}
	p := &pass{taskType: l.typ.Name, tickets: make([]int64, len(d.cfg.Gates))}
	for i, gate := range d.cfg.Gates {
		granted, ticket, again := gate.Permit(ctx, l.typ.Name, n)
		p.tickets[i] = ticket
		if granted < n {
			l.lookAgain(again)
			d.giveBackTo(d.cfg.Gates[:i], p, n-granted)
			n = granted
		}
		if n == 0 {
			return nil, 0
		}
	}
	return p, n
}

// unused gives starts back to all gates.
func (d *Dispatcher) unused(p *pass, n int) { d.giveBackTo(d.cfg.Gates, p, n) }

func (d *Dispatcher) giveBackTo(gates []NamedGate, p *pass, n int) {
	if p == nil || n <= 0 {
		return
	}
	for i, gate := range gates {
		gate.Return(p.taskType, p.tickets[i], n)
	}
}

// scores are the outcomes of a group, by the pass of their attempts.
type scores map[*pass]*score

// score counts outcomes; idle are those of attempts that did not start.
type score struct{ ok, failed, other, idle int }

// count adds the outcome of an attempt. Each attempt counts once: one that was
// abandoned has been counted then. The table's lock is not needed, since the
// attempt is out of the table, or just abandoned by the one watch.
func (s scores) count(a *attempt, o *pluginhost.Outcome) {
	if a.pass == nil {
		return
	}
	one := s[a.pass]
	if one == nil {
		one = &score{}
		s[a.pass] = one
	}
	switch {
	case a.started.IsZero():
		one.idle++
	case o.Kind == pluginhost.Completed:
		one.ok++
	case destinationFailed(a, o):
		one.failed++
	default:
		one.other++
	}
}

// destinationFailed tells whether an outcome speaks against the destination. A
// crash is the plugin's fault, and the end of an attempt that this node has asked
// for says nothing, unless its time was over. A destination that asks for
// patience works. What is the fault of the caller, the configuration or the
// plugin's code may never have reached the destination, so it does not speak for
// it either.
func destinationFailed(a *attempt, o *pluginhost.Outcome) bool {
	switch {
	case a.ending == endTimedOut:
		return o.Kind != pluginhost.Crashed
	case a.ending != endNone || o.Kind == pluginhost.Crashed:
		return false
	}
	return o.Blame == fault.BlameDestination && fault.CodeOf(o.Err) != fault.RateLimitExceeded
}

// observe reports scores to all gates.
func (d *Dispatcher) observe(s scores) {
	for p, one := range s {
		for i, gate := range d.cfg.Gates {
			if one.ok+one.failed+one.other > 0 {
				gate.Observe(p.taskType, p.tickets[i], one.ok, one.failed, one.other)
			}
			if one.idle > 0 {
				gate.Return(p.taskType, p.tickets[i], one.idle)
			}
		}
	}
}

// heldBy is the reason of the first gate that keeps a type back; "": none does.
func (d *Dispatcher) heldBy(taskType string) string {
	for _, gate := range d.cfg.Gates {
		if gate.Holds(taskType) {
			return gate.Reason
		}
	}
	return ""
}

// Withhold gives back the tasks of a type that were claimed and have not
// started: a gate has closed. It does not wait for the store.
func (d *Dispatcher) Withhold(taskType, why string) {
	l := d.lanes[taskType]
	if l == nil {
		return
	}
	back := d.slots[l.typ.Plugin].withdraw(l.typ)
	for _, a := range back {
		a.withheld = why
	}
	d.Ended(outcomes(back, notTaken))
}
