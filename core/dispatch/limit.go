package dispatch

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

// busyRest is about how long another node's claim of the same type takes.
const busyRest = 5 * time.Millisecond

// roundWithin claims and starts tasks of a type that is limited over all nodes;
// started tells how many, again whether another turn makes sense. When the limit
// is reached the lane is full until a place becomes free or its poll comes.
func (d *Dispatcher) roundWithin(ctx context.Context, l *lane, hints []task.Hint, way *pass) (started int, again bool) {
	node, holds := d.cfg.Node.Holds()
	if !holds {
		d.cfg.Offers.Offer(hints)
		return 0, false
	}
	limit := task.RunningLimit{Type: l.typ.Name, Most: l.typ.MaxRunning}
	before := l.frees.Load()
	claim, err := d.cfg.Store.ClaimWithin(context.WithoutCancel(ctx), d.claimRequest(node, hints), limit)
	if err != nil {
		d.cfg.Logger.Warn("claim failed", "type", l.typ.Name, "error", err)
		d.cfg.Offers.Offer(hints)
		return 0, d.rest(ctx)
	}
	if claim.Busy {
		d.cfg.Offers.Offer(hints)
		l.more.Store(true)
		return 0, restFor(ctx, busyRest/2+rand.N(busyRest))
	}
	l.full.Store(false)
	if claim.Full {
		l.filled(before)
	}
	left := hints[reach(hints, &claim):]
	d.metrics.stale.Add(float64(len(hints) - len(left) - len(claim.Tasks)))
	attempts := make([]*attempt, len(claim.Tasks))
	for i := range claim.Tasks {
		attempts[i] = &attempt{task: &claim.Tasks[i], typ: l.typ, pass: way}
	}
	d.start(l, attempts)
	d.cfg.Offers.Offer(left)
	return len(attempts), !l.full.Load()
}

// filled notes that a claim has met the limit. A place that became free since the
// claim began, when so many had, must not be overlooked.
func (l *lane) filled(before int64) {
	l.full.Store(true)
	if l.frees.Load() != before {
		l.full.Store(false)
		l.more.Store(true)
	}
}

// reach is how many of the hints a claim has tried: all, or those up to the last
// one that found a place.
func reach(hints []task.Hint, claim *task.LimitedClaim) int {
	if !claim.Full {
		return len(hints)
	}
	if len(claim.Tasks) == 0 {
		return 0
	}
	last := claim.Tasks[len(claim.Tasks)-1].ID
	for i := range hints {
		if hints[i].ID == last {
			return i + 1
		}
	}
	return len(hints)
}

// PlaceFree tells that another node has ended an attempt of a type that is limited
// over all nodes.
func (d *Dispatcher) PlaceFree(taskType string) {
	if l := d.lanes[taskType]; l != nil {
		l.frees.Add(1)
		l.full.Store(false)
		l.more.Store(true)
		l.nudge()
	}
}

// placeFreed notes that an attempt of a limited type has ended here.
func (d *Dispatcher) placeFreed(typ *tasktype.Type) {
	if typ.MaxRunning == 0 {
		return
	}
	d.PlaceFree(typ.Name)
	d.freed.add(typ.Name)
}

// freed collects the types of which other nodes have to be told, so that nobody
// waits for the telling, and many ends become one message.
type freed struct {
	mu    sync.Mutex
	types map[string]bool
	more  chan struct{}
}

func newFreed() *freed { return &freed{types: map[string]bool{}, more: make(chan struct{}, 1)} }

func (f *freed) add(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.types[name] = true
	select {
	case f.more <- struct{}{}:
	default:
	}
}

func (f *freed) take() map[string]bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.types
	f.types = map[string]bool{}
	return all
}

// tellFreed tells other nodes of free places until ctx ends.
func (d *Dispatcher) tellFreed(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.freed.more:
		}
		for name := range d.freed.take() {
			d.cfg.Freed(ctx, name)
		}
	}
}
