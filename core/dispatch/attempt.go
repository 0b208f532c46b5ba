package dispatch

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/pluginhost"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

// ending says why this node wants an attempt to end before its plugin is done.
type ending int8

const (
	endNone ending = iota
	// endCancelled: somebody asked for it.
	endCancelled
	// endTimedOut: its time is over.
	endTimedOut
	// endReleased: the node stops and gives the task back.
	endReleased
	// endFenced: the node has lost its lease; the task is somebody else's now.
	endFenced
)

// attempt is one claimed task on this node. Its slot's lock guards claimed and
// inside, the table's lock what is below them.
type attempt struct {
	task *task.Task
	typ  *tasktype.Type
	// pass is its way through the gates; nil without gates.
	pass *pass
	// withheld is the gate that closed before it started; "" for most.
	withheld string

	claimed time.Time
	// inside: it has a place at its plugin.
	inside bool

	// started is when the plugin got the attempt, on the monotonic clock; zero
	// while it waits outside. Its time-out counts from there.
	started time.Time
	limit   time.Duration
	ending  ending
	// until is the end of the grace when ending is set.
	until time.Time
	// abandoned: settled without the plugin's answer, which counts no more.
	abandoned bool
}

func (a *attempt) key() pluginhost.AttemptKey {
	return pluginhost.AttemptKey{ID: a.task.ID, Attempt: a.task.Attempt}
}

// table holds the attempts of this node.
type table struct {
	mu      sync.Mutex
	running map[pluginhost.AttemptKey]*attempt
	// byTask finds the newest attempt at a task.
	byTask map[uuid.UUID]*attempt
	// empty is signalled when the last attempt has gone.
	empty chan struct{}
}

func newTable() *table {
	return &table{
		running: map[pluginhost.AttemptKey]*attempt{},
		byTask:  map[uuid.UUID]*attempt{},
		empty:   make(chan struct{}, 1),
	}
}

// add takes claimed attempts in.
func (t *table) add(attempts []*attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range attempts {
		t.running[a.key()] = a
		t.byTask[a.task.ID] = a
	}
}

// remove takes an attempt out; nil when it is not there.
func (t *table) remove(key pluginhost.AttemptKey) *attempt {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.running[key]
	if a == nil {
		return nil
	}
	delete(t.running, key)
	if t.byTask[key.ID] == a {
		delete(t.byTask, key.ID)
	}
	if len(t.running) == 0 {
		select {
		case t.empty <- struct{}{}:
		default:
		}
	}
	return a
}

// end marks the attempts that pick selects as ending, and returns them. An
// attempt ends for one reason only, the first.
func (t *table) end(why ending, now time.Time, pick func(*attempt) bool) []*attempt {
	t.mu.Lock()
	defer t.mu.Unlock()
	var ended []*attempt
	for _, a := range t.running {
		if a.ending == endNone && pick(a) {
			a.ending, a.until = why, now.Add(a.typ.CancelGrace)
			ended = append(ended, a)
		}
	}
	return ended
}

// endTask is end for one task.
func (t *table) endTask(id uuid.UUID, why ending, now time.Time) []*attempt {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.byTask[id]
	if a == nil || a.ending != endNone {
		return nil
	}
	a.ending, a.until = why, now.Add(a.typ.CancelGrace)
	return []*attempt{a}
}

// abandon marks the attempts whose grace is over, and returns them. What is
// fenced off is not settled: it belongs to somebody else.
func (t *table) abandon(now time.Time) []*attempt {
	t.mu.Lock()
	defer t.mu.Unlock()
	var over []*attempt
	for _, a := range t.running {
		if a.ending != endNone && a.ending != endFenced && !a.abandoned && now.After(a.until) {
			a.abandoned = true
			over = append(over, a)
		}
	}
	return over
}

// admit starts the clocks of attempts that go to their plugin now, and parts
// them from those that this node already wants to end.
func (t *table) admit(attempts []*attempt, now time.Time) (going, over []*attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range attempts {
		if a.ending != endNone {
			over = append(over, a)
			continue
		}
		a.started, a.limit = now, a.typ.Timeout
		if d := a.task.Deadline; !d.IsZero() {
			a.limit = min(a.limit, max(d.Sub(now), time.Millisecond))
		}
		going = append(going, a)
	}
	return going, over
}

// overdue tells whether the plugin has had the attempt for longer than it may.
func (a *attempt) overdue(now time.Time) bool {
	return !a.started.IsZero() && now.Sub(a.started) > a.limit+overrun
}

// took is how long the plugin has had the attempt.
func (a *attempt) took(now time.Time) time.Duration {
	if a.started.IsZero() {
		return 0
	}
	return now.Sub(a.started)
}

// size is the number of attempts, abandoned ones included.
func (t *table) size() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.running)
}

// unsettled is the number of attempts that still need a settlement of ours.
func (t *table) unsettled() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, a := range t.running {
		if !a.abandoned && a.ending != endFenced {
			n++
		}
	}
	return n
}
