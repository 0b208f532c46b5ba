package dispatch

import (
	"sync"
	"time"

	"github.com/headrace/headrace/core/event"
)

// The retry budget of a type on one node. Retries beyond a fifth of the first
// attempts make an outage of the destination worse than it is: the share and the
// window are those of Finagle's RetryBudget (20 %, 10 s), which Linkerd took over.
// The floor is for types with little work. Theirs is 10 a second, for calls that
// a user waits for; a task that waits is cheap, so ours lets small failures be.
const (
	retryShare  = 0.2
	retryFloor  = 100.0 // a second
	retryWindow = 10 * time.Second
)

// budget says when a retry may run. Retries within the budget run when their
// back-off says; those beyond are spread over the time in which the budget allows
// for them. It is a virtual scheduler (GCRA, ITU-T I.371) whose rate follows the
// first attempts of the last seconds.
type budget struct {
	mu sync.Mutex
	// firsts counts first attempts, one slot a second; tick is the second of the
	// newest one.
	firsts [int(retryWindow / time.Second)]int
	tick   int64
	start  time.Time
	// booked is the time up to which the budget is spent.
	booked time.Time
}

func newBudget(now time.Time) *budget { return &budget{start: now} }

// first notes a first attempt.
func (b *budget) first(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance(now)
	b.firsts[b.tick%int64(len(b.firsts))]++
}

// advance moves the window to now, and forgets what is behind it. The lock is held.
func (b *budget) advance(now time.Time) {
	tick := max(int64(now.Sub(b.start)/time.Second), b.tick)
	for n := min(tick-b.tick, int64(len(b.firsts))); n > 0; n-- {
		b.firsts[(tick-n+1)%int64(len(b.firsts))] = 0
	}
	b.tick = tick
}

// book takes a retry into the budget and returns how much later than its back-off
// says it has to run.
func (b *budget) book(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance(now)
	firsts := 0
	for _, n := range b.firsts {
		firsts += n
	}
	perSecond := retryFloor + retryShare*float64(firsts)/retryWindow.Seconds()
	if b.booked.Before(now) {
		b.booked = now
	}
	b.booked = b.booked.Add(time.Duration(float64(time.Second) / perSecond))
	return max(0, b.booked.Sub(now)-retryWindow)
}

// ration counts an attempt in its type's budget; when the budget is spent it moves
// the retry of the verdict to a later time. It never moves one over its deadline:
// such a retry takes half of the time that is left.
func (d *Dispatcher) ration(a *attempt, v *verdict, now time.Time) (delayed bool) {
	b := d.lanes[a.typ.Name].budget
	if a.task.RetryCount == 0 && !a.started.IsZero() && v.kind != event.TaskReleased {
		b.first(now)
	}
	if v.retries == 0 {
		return false
	}
	extra := b.book(now)
	if left := a.task.Deadline.Sub(now.Add(v.wait)); !a.task.Deadline.IsZero() {
		extra = min(extra, left/2)
	}
	if extra <= 0 {
		return false
	}
	v.wait += extra
	d.metrics.rationed.Inc()
	return true
}
