package pluginhost

import (
	"errors"
	"sync"
	"sync/atomic"
)

// errClosed: the flight takes nothing new.
var errClosed = errors.New("the generation is closed")

// flying is an attempt that a generation holds.
type flying struct {
	// seq is its name on the wire, used once.
	seq  uint64
	task Assignment
	sink Sink
}

// cancellation asks for the end of attempts.
type cancellation struct {
	seqs   []uint64
	reason Reason
}

// load is what waits to be sent. Assignments go before cancellations, so that
// one of an attempt which has not been sent yet finds it.
type load struct {
	tasks   []*flying
	cancels []cancellation
	// last: nothing follows.
	last bool
}

func (l *load) empty() bool { return len(l.tasks) == 0 && len(l.cancels) == 0 && !l.last }

// flight is the set of attempts that a generation holds: the one place where an
// attempt gets its outcome, which takes it out.
type flight struct {
	// wake is signalled when there is something to send.
	wake chan struct{}
	// gone is signalled when the last attempt has left.
	gone chan struct{}
	// strays counts answers for attempts that are not in: unknown or answered
	// before.
	strays atomic.Uint64

	mu     sync.Mutex
	closed bool
	seq    uint64
	inside map[uint64]*flying
	seqs   map[AttemptKey]uint64
	load   load
}

func newFlight() *flight {
	return &flight{
		wake: make(chan struct{}, 1), gone: make(chan struct{}, 1),
		inside: map[uint64]*flying{}, seqs: map[AttemptKey]uint64{},
	}
}

// accept takes a whole batch in, or nothing of it.
func (f *flight) accept(batch []Assignment, sink Sink) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return errClosed
	}
	first := f.seq
	block := make([]flying, len(batch)) // one allocation for all
	for i := range batch {
		key := batch[i].Key()
		if _, twice := f.seqs[key]; twice {
			f.undoLocked(block[:i])
			return ErrDuplicate
		}
		f.seq++
		block[i] = flying{seq: f.seq, task: batch[i], sink: sink}
		f.inside[f.seq], f.seqs[key] = &block[i], f.seq
	}
	for i := range block {
		f.load.tasks = append(f.load.tasks, &block[i])
	}
	if f.seq > first {
		signal(f.wake)
	}
	return nil
}

func (f *flight) undoLocked(block []flying) {
	for i := range block {
		delete(f.inside, block[i].seq)
		delete(f.seqs, block[i].task.Key())
	}
}

// cancel queues the end of those attempts that are inside.
func (f *flight) cancel(keys []AttemptKey, reason Reason) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var seqs []uint64
	for _, key := range keys {
		if seq, ok := f.seqs[key]; ok {
			seqs = append(seqs, seq)
		}
	}
	if len(seqs) > 0 && !f.load.last {
		f.load.cancels = append(f.load.cancels, cancellation{seqs: seqs, reason: reason})
		signal(f.wake)
	}
}

// take returns what waits to be sent.
func (f *flight) take() load {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := f.load
	f.load = load{}
	return taken
}

// refuse takes nothing new from now on.
func (f *flight) refuse() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}

// finish makes the sender end once it has sent what waits.
func (f *flight) finish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed, f.load.last = true, true
	signal(f.wake)
}

// find returns the attempt without taking it out; nil when it is not inside.
func (f *flight) find(seq uint64) *flying {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.inside[seq]
}

// land takes attempts out, in the order given; what is not inside is counted and
// left away. The caller owes each of them one outcome.
func (f *flight) land(seqs []uint64) []*flying {
	f.mu.Lock()
	defer f.mu.Unlock()
	landed := make([]*flying, len(seqs))
	for i, seq := range seqs {
		a, ok := f.inside[seq]
		if !ok {
			f.strays.Add(1)
			continue
		}
		landed[i] = a
		f.removeLocked(a)
	}
	return landed
}

// clear takes everything out and refuses more.
func (f *flight) clear() []*flying {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.load.tasks, f.load.cancels = nil, nil
	left := make([]*flying, 0, len(f.inside))
	for _, a := range f.inside {
		left = append(left, a)
		f.removeLocked(a)
	}
	return left
}

func (f *flight) removeLocked(a *flying) {
	delete(f.inside, a.seq)
	delete(f.seqs, a.task.Key())
	if len(f.inside) == 0 {
		signal(f.gone)
	}
}

// holds tells whether the attempt is inside.
func (f *flight) holds(key AttemptKey) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.seqs[key]
	return ok
}

// keys lists the attempts inside.
func (f *flight) keys() []AttemptKey {
	f.mu.Lock()
	defer f.mu.Unlock()
	keys := make([]AttemptKey, 0, len(f.seqs))
	for key := range f.seqs {
		keys = append(keys, key)
	}
	return keys
}

// size is the number of attempts inside.
func (f *flight) size() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.inside)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // one is pending already, and one is enough
	}
}

// delivery collects outcomes for their sinks, neighbours together.
type delivery struct {
	sink     Sink
	outcomes []Outcome
}

// add takes an outcome; when it is for another sink, the ones before go out.
func (d *delivery) add(sink Sink, o Outcome, room int) {
	if d.sink != sink {
		d.send()
		d.sink, d.outcomes = sink, make([]Outcome, 0, room)
	}
	d.outcomes = append(d.outcomes, o)
}

// send gives out what is collected.
func (d *delivery) send() {
	if len(d.outcomes) > 0 {
		d.sink.Ended(d.outcomes)
	}
	d.sink, d.outcomes = nil, nil
}
