package breaker

import (
	"sync"
	"time"
)

// breaker is what this node knows of one of them.
type breaker struct {
	name     string
	settings Settings
	// order keeps the calls to the machine one after the other, so that what was
	// seen last is the newest. It is held while Redis answers.
	order sync.Mutex

	// mu guards what is below; it is never held for long.
	mu sync.Mutex
	// seen is what the machine answered last; at is when, and zero before the
	// first answer. until is when an open breaker may try again.
	seen      condition
	at, until time.Time
	// alone is the machine in memory while Redis does not answer.
	alone *machine
	// noted are the outcomes that were not reported yet, by generation.
	noted map[int64]tally
}

func newBreaker(name string, s Settings) *breaker {
	return &breaker{name: name, settings: s, seen: condition{state: Closed}, noted: map[int64]tally{}}
}

// remembered answers a request for permits from memory, where that is safe:
// closed or open a moment ago. Half-open is never answered here, its probes are
// counted on all nodes together.
func (b *breaker) remembered(n int, now time.Time, fresh time.Duration) (a answer, known bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.alone != nil || b.at.IsZero() || now.Sub(b.at) >= fresh {
		return a, false
	}
	a.condition = b.seen
	switch {
	case b.seen.state == Closed:
		a.granted = n
		return a, true
	case b.seen.state == Open && now.Before(b.until):
		a.again = max(b.until.Sub(now).Milliseconds(), 1)
		return a, true
	}
	return a, false
}

// pause is when to ask again: when the machine said, but not later than what
// this node knows stays fresh; never at once.
func pause(again int64, fresh time.Duration) time.Duration {
	d := time.Duration(again) * time.Millisecond
	if d <= 0 || d > fresh {
		return fresh
	}
	return d
}

// change is what an answer meant for this node.
type change struct {
	// changed: the generation is another than this node knew; first: it is the
	// first that it knows; mine: this node has begun it.
	changed, first, mine bool
	// away: Redis has just been lost, with err.
	away bool
	err  error
}

// eventAge is how old a generation may be that a node finds at its start and
// still writes an event for: the node that began it may have died on the way.
const eventAge = time.Hour

// worthAnEvent tells whether the change has to stand in the audit log.
func (c change) worthAnEvent(since int64, now time.Time) bool {
	return since > 0 && (c.mine || !c.first || now.Sub(time.UnixMilli(since)) < eventAge)
}

// saw notes an answer of Redis.
func (b *breaker) saw(a answer, now time.Time) change {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.alone = nil
	return b.keep(a, now)
}

// keep remembers an answer. The lock is held.
func (b *breaker) keep(a answer, now time.Time) change {
	c := change{changed: a.generation != b.seen.generation, first: b.at.IsZero(), mine: a.moved}
	b.seen, b.at = a.condition, now
	b.until = now.Add(time.Duration(a.again) * time.Millisecond)
	return c
}

// doAlone answers without Redis. The machine begins where this node saw the
// breaker last, so that an open one stays open and permits keep their
// generation.
func (b *breaker) doAlone(op operation, err error, now time.Time) (answer, change) {
	b.mu.Lock()
	defer b.mu.Unlock()
	lost := b.alone == nil
	if lost {
		b.alone = newMachine(b.settings, b.seen)
	}
	a := b.alone.do(op, now.UnixMilli())
	c := b.keep(a, now)
	c.away, c.err = lost, err
	return a, c
}

// openAlone tells whether this node has found out by itself, without Redis, that
// the breaker has to be open.
func (b *breaker) openAlone() (c condition, open bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.alone == nil {
		return c, false
	}
	return b.seen, b.seen.state != Closed
}

// note keeps outcomes until they are reported; false: there are none.
func (b *breaker) note(generation int64, t tally) bool {
	if t == (tally{}) {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.noted[generation] = b.noted[generation].plus(t)
	return true
}

// take returns what was noted, and forgets it.
func (b *breaker) take() map[int64]tally {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.noted
	b.noted = map[int64]tally{}
	return all
}

// current is what this node knows.
func (b *breaker) current() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Status{
		Name: b.name, State: b.seen.state, Calls: b.seen.calls, Failures: b.seen.failures,
		Local: b.alone != nil,
	}
	if b.seen.since > 0 {
		s.Since = time.UnixMilli(b.seen.since).UTC()
	}
	return s
}
