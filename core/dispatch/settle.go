package dispatch

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/group"
	"github.com/headrace/headrace/core/pluginhost"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

// settling is one attempt on its way to the store.
type settling struct {
	attempt *attempt
	verdict verdict
	item    task.Settlement
	took    time.Duration
}

// Ended settles a group of outcomes. It is the plugin host's way back.
func (d *Dispatcher) Ended(outcomes []pluginhost.Outcome) {
	if len(outcomes) == 0 {
		return
	}
	d.underway.Add(1)
	defer d.underway.Add(-1)
	now := time.Now()
	batch := make([]*settling, 0, len(outcomes))
	left := map[string][]*attempt{}
	seen := scores{}
	for i := range outcomes {
		o := &outcomes[i]
		a := d.table.remove(pluginhost.AttemptKey{ID: o.ID, Attempt: o.Attempt})
		if a == nil {
			continue
		}
		left[a.typ.Plugin] = append(left[a.typ.Plugin], a)
		if !a.abandoned {
			seen.count(a, o)
		}
		if s := d.conclude(a, o, now); s != nil {
			batch = append(batch, s)
		}
	}
	d.settle(batch)
	d.observe(seen)
	for plugin, attempts := range left {
		d.account(attempts, now)
		d.hand(plugin, d.slots[plugin].leave(attempts))
	}
	d.nudgeAll()
}

// account takes attempts that are gone off their lanes' books.
func (d *Dispatcher) account(attempts []*attempt, now time.Time) {
	for _, a := range attempts {
		l := d.lanes[a.typ.Name]
		l.held.Add(-1)
		if took := a.took(now); took > 0 {
			l.pace.ended(1, took)
		}
	}
}

// nudgeAll wakes the lanes that may have room again for something to do.
func (d *Dispatcher) nudgeAll() {
	for _, l := range d.lanes {
		if l.more.Load() {
			l.nudge()
		}
	}
}

// conclude makes the settlement of an outcome; nil when there is none to make:
// the attempt was settled before, or the task is another node's by now and has
// no result worth trying.
func (d *Dispatcher) conclude(a *attempt, o *pluginhost.Outcome, now time.Time) *settling {
	if a.abandoned || a.ending == endFenced && o.Kind != pluginhost.Completed {
		return nil
	}
	if o.Kind == notTaken {
		why := "no plugin took it"
		if a.withheld != "" {
			why = a.withheld
		}
		return d.settling(a, released(why), now)
	}
	if o.Kind == pluginhost.Completed && len(o.Result) > 0 {
		if err := d.cfg.Check(o.Result); err != nil {
			f := fault.New(fault.InternalError, "the plugin's result cannot be kept: "+err.Error())
			o = &pluginhost.Outcome{ID: o.ID, Attempt: o.Attempt, Kind: pluginhost.Failed, Err: f}
		}
	}
	return d.settling(a, judge(a, o, now, random), now)
}

// settling turns a verdict into what the store takes.
func (d *Dispatcher) settling(a *attempt, v verdict, now time.Time) *settling {
	s := &settling{attempt: a, verdict: v, took: a.took(now)}
	metadata := a.task.EventMetadata()
	took := s.took.Milliseconds()
	metadata.DurationMs, metadata.Reason = &took, v.reason
	if v.failure != nil {
		metadata.Code = string(v.failure.Code)
	}
	s.item = task.Settlement{
		ID: a.task.ID, From: task.Running, Attempt: a.task.Attempt, To: v.to,
		Result: v.result, Error: v.failure, Retries: v.retries, Crashes: v.crashes,
	}
	if d.ration(a, &v, now) {
		metadata.Reason = "retry budget"
	}
	if v.wait > 0 {
		s.item.RunAt = now.Add(v.wait).UTC()
		metadata.RunAt = &s.item.RunAt
	}
	s.item.Event = a.task.Event(v.kind, v.message, metadata)
	return s
}

// settle hands a batch to the settle writer. It never waits for the store.
func (d *Dispatcher) settle(batch []*settling) {
	if len(batch) == 0 {
		return
	}
	items := make([]task.Settlement, len(batch))
	for i, s := range batch {
		items[i] = s.item
	}
	n := int64(len(items))
	d.underway.Add(n)
	err := d.settles.Send(context.Background(), items, func(fates []group.Fate[task.Settled]) {
		d.settled(batch, fates)
		if left := d.underway.Add(-n); left <= unsettledMost && left+n > unsettledMost {
			d.nudgeAll()
		}
	})
	if err != nil { // the writer has ended: what is left is found by the node's lease
		d.underway.Add(-n)
		d.cfg.Logger.Error("attempts left unsettled", "count", len(batch), "error", err)
	}
}

// settled looks at the fates of a batch.
func (d *Dispatcher) settled(batch []*settling, fates []group.Fate[task.Settled]) {
	var ready []task.Hint
	var again []*settling
	for i, s := range batch {
		switch fate := fates[i]; {
		case fate.Err != nil:
			d.unsettled(s, fate.Err)
		case fate.Result == task.SettledLate:
			d.refusedLate(s)
		case fate.Result == task.SettledCancel:
			again = append(again, d.settling(s.attempt, cancelled(), time.Now()))
		default:
			d.metrics.settled(s)
			d.placeFreed(s.attempt.typ)
			if s.verdict.to == task.Pending && s.verdict.wait == 0 {
				ready = append(ready, task.HintOf(s.attempt.task))
			}
		}
	}
	d.cfg.Offers.Offer(ready)
	d.later(again)
}

// unsettled keeps what could not be written for another try, as long as the
// node's lease holds; a value that the store refuses becomes an error of the
// plugin instead.
func (d *Dispatcher) unsettled(s *settling, err error) {
	var refused *task.RefusedError
	if errors.As(err, &refused) && s.verdict.to != task.DeadLetter && s.verdict.to != task.Failed {
		d.cfg.Logger.Error("the store refuses a settlement", "task", s.item.ID, "error", err)
		f := &task.Failure{Code: fault.InternalError, Message: "the store cannot keep what the plugin answered"}
		d.later([]*settling{d.settling(s.attempt, final(s.attempt, f), time.Now())})
		return
	}
	d.cfg.Logger.Warn("settlement not written, will be tried again", "task", s.item.ID, "error", err)
	d.later([]*settling{s})
}

// refusedLate counts a result that came after its attempt had lost its right,
// and keeps an event of it for the watch to write.
func (d *Dispatcher) refusedLate(s *settling) {
	d.metrics.late.Inc()
	metadata := s.attempt.task.EventMetadata()
	metadata.Reason = "settled as " + s.verdict.to.String()
	d.late.add(s.attempt.task.Event(event.RecoveryLateResultRefused, "late result refused", metadata))
}

// lateEvents wait for the watch to write them.
type lateEvents struct {
	mu     sync.Mutex
	events []event.Event
}

func (l *lateEvents) add(e event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

func (l *lateEvents) take() []event.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.events
	l.events = nil
	return all
}

// putBack keeps events that could not be written.
func (l *lateEvents) putBack(events []event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(events, l.events...)
}

// stuck holds settlements that wait for another try. It is bounded by what was
// running when the store went away: without a store nothing new is claimed.
type stuck struct {
	mu    sync.Mutex
	items []*settling
}

// later keeps settlements for the watch's next turn.
func (d *Dispatcher) later(items []*settling) {
	if len(items) == 0 {
		return
	}
	d.stuck.mu.Lock()
	defer d.stuck.mu.Unlock()
	d.stuck.items = append(d.stuck.items, items...)
}

// retrySettlements sends what is stuck again.
func (d *Dispatcher) retrySettlements() {
	d.underway.Add(1)
	defer d.underway.Add(-1)
	d.stuck.mu.Lock()
	items := d.stuck.items
	d.stuck.items = nil
	d.stuck.mu.Unlock()
	d.settle(items)
}

// stuckCount tells how many settlements wait for another try.
func (d *Dispatcher) stuckCount() int {
	d.stuck.mu.Lock()
	defer d.stuck.mu.Unlock()
	return len(d.stuck.items)
}

// Progress writes how far running tasks are to the engine's log.
func (d *Dispatcher) Progress(notes []pluginhost.Progress) {
	for i := range notes {
		n := &notes[i]
		d.cfg.Logger.Debug("progress", "task", n.ID, "attempt", n.Attempt, "fraction", n.Fraction, "note", n.Note)
	}
}

// Logs writes the lines of running tasks to the engine's log.
func (d *Dispatcher) Logs(lines []pluginhost.LogLine) {
	for i := range lines {
		l := &lines[i]
		args := []any{"task", l.ID, "attempt", l.Attempt}
		if len(l.Fields) > 0 {
			args = append(args, "fields", string(l.Fields))
		}
		d.cfg.Logger.Log(l.Level, l.Message, args...)
	}
}
