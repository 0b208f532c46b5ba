package dispatch

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/core/pluginhost"
	"github.com/headrace/headrace/core/queue"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

// lane is the loop of one task type.
type lane struct {
	typ  *tasktype.Type
	wake chan struct{}
	// more: the queue may hold something that was not popped yet.
	more atomic.Bool
	// held are the claimed attempts whose plugin has not answered yet: those
	// inside it and those that wait for a place there.
	held atomic.Int64
	pace pace
	// full: the type's limit over all nodes was reached at the last claim.
	full atomic.Bool
	// frees counts the places that became free since the start.
	frees  atomic.Int64
	budget *budget
	// again is when to look again because a gate granted less than asked for; 0:
	// no gate did. Only the lane's own loop uses it.
	again time.Duration
}

// lookAgain notes that a gate wants to be asked again after d, the soonest of
// several.
func (l *lane) lookAgain(d time.Duration) {
	if l.again == 0 || d < l.again {
		l.again = max(d, time.Millisecond)
	}
}

// room is how many tasks are worth claiming now: as many as there are free
// places, and a stock for those that will be free in a moment. A stock that is
// still half full is not refilled, so that claims come in groups.
func (l *lane) room() int {
	held := int(l.held.Load())
	if l.typ.MaxRunning > 0 {
		return min(claimMost, l.typ.Places()-held) // a stock would take places from other nodes
	}
	ahead := l.pace.ahead(l.typ.Concurrency)
	if stock := held - l.typ.Load(); stock > ahead/2 {
		return 0
	}
	return min(claimMost, l.typ.Concurrency+ahead-held)
}

func (l *lane) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// pause after an error, so that a store that is away is not asked all the time.
const pause = 500 * time.Millisecond

// loop pops, claims and hands over until ctx ends.
func (d *Dispatcher) loop(ctx context.Context, l *lane) error {
	timer := time.NewTimer(d.poll())
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.wake:
		case <-timer.C:
			l.full.Store(false)
			l.more.Store(true)
			timer.Reset(d.poll())
		}
		for l.more.Load() && ctx.Err() == nil {
			if !d.turn(ctx, l) {
				break
			}
		}
		if l.again > 0 && l.more.Load() {
			timer.Reset(min(l.again, d.poll()))
		}
		l.again = 0
	}
}

// poll is the time between two looks, spread so that nodes and types do not
// look all at once.
func (d *Dispatcher) poll() time.Duration {
	return time.Duration((0.75 + rand.Float64()/2) * float64(d.cfg.Poll))
}

// turn runs one group of tasks; again tells whether another turn makes sense.
func (d *Dispatcher) turn(ctx context.Context, l *lane) (again bool) {
	if !d.canRun(l) {
		return false
	}
	n := l.room()
	if n <= 0 {
		return false
	}
	way, n := d.permit(ctx, l, n)
	if n == 0 {
		return false
	}
	started, again := d.round(ctx, l, n, way)
	d.unused(way, n-started)
	return again
}

// round pops, claims and starts up to n tasks; started tells how many.
func (d *Dispatcher) round(ctx context.Context, l *lane, n int, way *pass) (started int, again bool) {
	hints, err := d.hints(ctx, l, n)
	if err != nil {
		return 0, d.rest(ctx)
	}
	if len(hints) == 0 {
		return 0, false
	}
	if l.typ.MaxRunning > 0 {
		return d.roundWithin(ctx, l, hints, way)
	}
	fates, err := d.claims.Do(context.WithoutCancel(ctx), hints...)
	if err != nil {
		d.cfg.Offers.Offer(hints)
		return 0, d.rest(ctx)
	}
	var failed []task.Hint
	attempts := make([]*attempt, 0, len(fates))
	for i, fate := range fates {
		if fate.Err != nil {
			failed = append(failed, hints[i])
			err = fate.Err
		} else if fate.Result != nil {
			attempts = append(attempts, &attempt{task: fate.Result, typ: l.typ, pass: way})
		}
	}
	d.metrics.stale.Add(float64(len(fates) - len(attempts) - len(failed)))
	d.start(l, attempts)
	if len(failed) > 0 {
		d.cfg.Logger.Warn("claim failed", "type", l.typ.Name, "error", err)
		d.cfg.Offers.Offer(failed)
		return len(attempts), d.rest(ctx)
	}
	return len(attempts), true
}

// canRun tells whether a task of the lane could run now.
func (d *Dispatcher) canRun(l *lane) bool {
	if _, holds := d.cfg.Node.Holds(); !holds || d.underway.Load() > unsettledMost {
		return false
	}
	if _, paused := l.typ.Paused(); paused || l.full.Load() {
		return false
	}
	return d.cfg.Plugins.Active(l.typ.Plugin) && !d.slots[l.typ.Plugin].blocked()
}

// rest waits a moment after an error; false when ctx has ended.
func (d *Dispatcher) rest(ctx context.Context) bool { return restFor(ctx, pause) }

// restFor waits; false when ctx has ended.
func restFor(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// hints asks Redis for what to try, and the store while Redis is away.
func (d *Dispatcher) hints(ctx context.Context, l *lane, n int) ([]task.Hint, error) {
	l.more.Store(false)
	popped, err := d.cfg.Queue.Pop(ctx, l.typ.Name, n, l.typ.Order)
	switch {
	case err == nil:
		d.look(l, &popped)
		return popped.Hints, nil
	case ctx.Err() != nil:
		return nil, err
	case errors.Is(err, queue.ErrLost):
		d.cfg.Lost(l.typ.Name)
	default:
		d.cfg.Logger.Warn("queue not reached, asking the store", "type", l.typ.Name, "error", err)
	}
	d.metrics.fallbacks.Inc()
	return d.fromStore(ctx, l, n)
}

// look notes what a pop saw: whether more is there, and whether the window has
// to be filled from the store.
func (d *Dispatcher) look(l *lane, p *queue.Popped) {
	if !p.Empty() {
		l.more.Store(true)
	}
	if p.Low(queue.Window) {
		d.cfg.Low(l.typ.Name)
	}
}

// fromStore reads what waits, the highest priority first: without Redis there
// are no turns, and two nodes find the same ids, of which each claims some.
func (d *Dispatcher) fromStore(ctx context.Context, l *lane, n int) ([]task.Hint, error) {
	var hints []task.Hint
	for _, p := range task.Priorities() {
		some, err := d.cfg.Store.Waiting(ctx, l.typ.Name, p, n-len(hints))
		if err != nil {
			return nil, err
		}
		hints = append(hints, some...)
		if len(hints) == n {
			l.more.Store(true)
			break
		}
	}
	return hints, nil
}

// start takes attempts in and hands over those that may go now.
func (d *Dispatcher) start(l *lane, attempts []*attempt) {
	if len(attempts) == 0 {
		return
	}
	l.held.Add(int64(len(attempts)))
	d.table.add(attempts)
	if _, paused := l.typ.Paused(); paused { // since canRun looked
		d.Ended(outcomes(attempts, notTaken))
		return
	}
	plugin := l.typ.Plugin
	d.hand(plugin, d.slots[plugin].join(attempts, time.Now()))
}

// hand gives attempts to their plugin. What the plugin does not take goes back.
func (d *Dispatcher) hand(plugin string, attempts []*attempt) {
	going, over := d.table.admit(attempts, time.Now())
	ended := outcomes(over, pluginhost.Unknown)
	if len(going) > 0 {
		batch := make([]pluginhost.Assignment, len(going))
		for i, a := range going {
			batch[i] = assignment(a)
		}
		if err := d.cfg.Plugins.Submit(plugin, batch, d); err != nil {
			ended = append(ended, outcomes(going, notTaken)...)
		}
	}
	d.Ended(ended)
}

// outcomes makes outcomes of one kind without the plugin's word.
func outcomes(attempts []*attempt, kind pluginhost.OutcomeKind) []pluginhost.Outcome {
	all := make([]pluginhost.Outcome, len(attempts))
	for i, a := range attempts {
		all[i] = pluginhost.Outcome{ID: a.task.ID, Attempt: a.task.Attempt, Kind: kind}
	}
	return all
}

// notTaken is the outcome of an attempt that no plugin took: it is given back.
const notTaken pluginhost.OutcomeKind = -1

func assignment(a *attempt) pluginhost.Assignment {
	return pluginhost.Assignment{
		ID: a.task.ID, Attempt: a.task.Attempt,
		Type: a.typ.Runs, PublicType: a.typ.Name,
		Payload: a.task.Payload, Metadata: a.task.Metadata,
		Timeout: a.limit, Traceparent: a.task.Traceparent,
	}
}
