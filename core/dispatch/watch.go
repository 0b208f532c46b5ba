package dispatch

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/pluginhost"
)

// watchEvery is how often the attempts are looked at. Time limits are kept by
// the plugin itself; this is for the plugins that do not.
const watchEvery = 200 * time.Millisecond

// overrun is how long a plugin may take to keep a time limit by itself.
const overrun = time.Second

// watch ends overdue attempts, abandons those that do not end, and sends stuck
// settlements again, until ctx ends.
func (d *Dispatcher) watch(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			d.writeLate(context.WithoutCancel(ctx))
			return
		case now := <-ticker.C:
			d.endOverdue(now)
			d.abandonStubborn(now)
			d.giveBack(now)
			d.retrySettlements()
			d.writeLate(ctx)
		}
	}
}

// endOverdue asks for the end of attempts whose time is over.
func (d *Dispatcher) endOverdue(now time.Time) {
	late := d.table.end(endTimedOut, now, func(a *attempt) bool { return a.overdue(now) })
	d.tellPlugins(late, pluginhost.ReasonTimeout)
}

// giveBack releases tasks that were claimed ahead and have not started in time.
func (d *Dispatcher) giveBack(now time.Time) {
	for _, s := range d.slots {
		over := s.expire(now.Add(-patience))
		for _, a := range over {
			d.lanes[a.typ.Name].pace.stalled(a.typ.Concurrency)
		}
		d.Ended(outcomes(over, notTaken))
	}
}

// tellPlugins asks the plugins to end attempts.
func (d *Dispatcher) tellPlugins(attempts []*attempt, reason pluginhost.Reason) {
	bySlot := map[string][]pluginhost.AttemptKey{}
	for _, a := range attempts {
		bySlot[a.typ.Plugin] = append(bySlot[a.typ.Plugin], a.key())
	}
	for slot, keys := range bySlot {
		d.cfg.Plugins.Cancel(slot, keys, reason)
	}
}

// abandonStubborn settles attempts that did not end within their grace. They
// keep their place until the plugin lets go of them; where the type says so the
// process is killed.
func (d *Dispatcher) abandonStubborn(now time.Time) {
	d.underway.Add(1)
	defer d.underway.Add(-1)
	over := d.table.abandon(now)
	batch := make([]*settling, 0, len(over))
	seen := scores{}
	for _, a := range over {
		seen.count(a, &pluginhost.Outcome{Kind: pluginhost.Unknown})
		batch = append(batch, d.settling(a, abandoned(a, now), now))
		if a.ending == endCancelled && a.typ.KillOnCancel {
			d.cfg.Plugins.Kill(a.typ.Plugin, a.key())
		}
	}
	d.settle(batch)
	d.observe(seen)
}

// abandoned is the verdict on an attempt that did not end when told to.
func abandoned(a *attempt, now time.Time) verdict {
	if a.ending == endCancelled {
		return cancelledWithoutWord()
	}
	return judge(a, &pluginhost.Outcome{Kind: pluginhost.Unknown}, now, random)
}

// Cancel ends a running task of this node, when it is one.
func (d *Dispatcher) Cancel(id uuid.UUID) {
	d.tellPlugins(d.table.endTask(id, endCancelled, time.Now()), pluginhost.ReasonRequested)
}

// LookForCancels ends the running tasks whose end was asked for. It is what
// finds a request whose signal was missed.
func (d *Dispatcher) LookForCancels(ctx context.Context) {
	node, holds := d.cfg.Node.Holds()
	if !holds || d.table.size() == 0 {
		return
	}
	ids, err := d.cfg.Store.CancelsOn(ctx, node)
	if err != nil {
		d.cfg.Logger.Warn("cancellations not read", "error", err)
		return
	}
	for _, id := range ids {
		d.Cancel(id)
	}
}

// Fence stops everything at once: the node has lost its lease.
func (d *Dispatcher) Fence() {
	all := d.table.end(endFenced, time.Now(), func(*attempt) bool { return true })
	d.tellPlugins(all, pluginhost.ReasonFenced)
}

// writeLate writes the events of late results; they wait when the store is away.
func (d *Dispatcher) writeLate(ctx context.Context) {
	events := d.late.take()
	if len(events) == 0 {
		return
	}
	if err := d.cfg.Store.Record(ctx, events); err != nil {
		d.cfg.Logger.Warn("events of late results not written", "count", len(events), "error", err)
		d.late.putBack(events)
	}
}

// drain lets running tasks end, then gives back what is left. The watch goes on
// meanwhile.
func (d *Dispatcher) drain(ctx context.Context) {
	for _, s := range d.slots {
		d.Ended(outcomes(s.drop(), notTaken))
	}
	if d.waitSettled(ctx, d.cfg.Grace*8/10) {
		return
	}
	now := time.Now()
	left := d.table.end(endReleased, now, func(*attempt) bool { return true })
	d.cfg.Logger.Warn("giving back tasks that did not end in time", "count", len(left))
	d.tellPlugins(left, pluginhost.ReasonShutdown)
	if d.waitSettled(ctx, d.cfg.Grace/10) {
		return
	}
	d.abandonStubborn(now.Add(24 * time.Hour)) // whatever grace there was is over
	d.waitSettled(ctx, d.cfg.Grace/10)
}

// waitSettled waits until nothing of ours is unsettled; false at the limit.
func (d *Dispatcher) waitSettled(ctx context.Context, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for d.table.unsettled() > 0 || d.underway.Load() > 0 || d.stuckCount() > 0 {
		select {
		case <-ctx.Done():
			return false
		case <-d.table.empty:
		case <-ticker.C:
		}
	}
	return true
}
