package group

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"
)

// Commit writes a group in one transaction and returns one result an item, in
// their order. An error means that nothing was written.
type Commit[In, Out any] func(ctx context.Context, items []In) ([]Out, error)

// Config of a Writer. Commit is required.
type Config[In, Out any] struct {
	Commit Commit[In, Out]
	// Most is the largest group. Default 256, where larger groups stop paying;
	// a single request with more items is a group of its own.
	Most int
	// Pending bounds the items that wait, in requests. Default 4096; when it is
	// full, Do waits or ends with its context.
	Pending int
	// Timeout of one commit, so that a store that hangs holds nobody for ever.
	// Default 10 s.
	Timeout time.Duration
	// Refused tells whether an error speaks of an item's content, so that the
	// group is worth halving. Default: never.
	Refused func(error) bool
}

// Writer is one loop that commits what its callers hand it.
type Writer[In, Out any] struct {
	cfg   Config[In, Out]
	queue chan *request[In, Out]
	// ended is closed when Run has returned.
	ended chan struct{}
	// begun guards against a second Run.
	begun sync.Once
}

// ErrStopped says that the writer no longer runs; nothing was written.
var ErrStopped = errors.New("group writer has stopped")

// Fate is the end of one item: its result, or the error that kept it out.
type Fate[Out any] struct {
	Result Out
	Err    error
}

type request[In, Out any] struct {
	items []In
	done  func([]Fate[Out])
}

// New makes a writer; Run starts it.
func New[In, Out any](cfg Config[In, Out]) (*Writer[In, Out], error) {
	if cfg.Commit == nil {
		return nil, errors.New("group: a writer needs a commit function")
	}
	if cfg.Most < 0 || cfg.Pending < 0 || cfg.Timeout < 0 {
		return nil, errors.New("group: sizes and times must not be negative")
	}
	if cfg.Most == 0 {
		cfg.Most = 256
	}
	if cfg.Pending == 0 {
		cfg.Pending = 4096
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.Refused == nil {
		cfg.Refused = func(error) bool { return false }
	}
	return &Writer[In, Out]{
		cfg:   cfg,
		queue: make(chan *request[In, Out], cfg.Pending),
		ended: make(chan struct{}),
	}, nil
}

// Do writes items and waits for their fates, in their order. The error is set
// when they were not even tried. When ctx ends first the items may still be
// written: only waiting for them ends.
func (w *Writer[In, Out]) Do(ctx context.Context, items ...In) ([]Fate[Out], error) {
	answer := make(chan []Fate[Out], 1)
	if err := w.Send(ctx, items, func(fates []Fate[Out]) { answer <- fates }); err != nil {
		return nil, err
	}
	select {
	case fates := <-answer:
		return fates, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-w.ended:
		select {
		case fates := <-answer:
			return fates, nil
		default:
			return nil, ErrStopped
		}
	}
}

// Send hands items over and returns; done is called once with their fates, from
// the writer's loop, and must be quick. Only items that are handed over while
// the writer ends may stay without an answer: their owner ends before it.
func (w *Writer[In, Out]) Send(ctx context.Context, items []In, done func([]Fate[Out])) error {
	select {
	case w.queue <- &request[In, Out]{items: items, done: done}:
		return nil
	default:
	}
	select {
	case w.queue <- &request[In, Out]{items: items, done: done}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-w.ended:
		return ErrStopped
	}
}

// Run commits groups until ctx ends, then what was handed over before; it
// returns nil. The commits of that last part get a context without ctx's end.
func (w *Writer[In, Out]) Run(ctx context.Context) error {
	first := false
	w.begun.Do(func() { first = true })
	if !first {
		return errors.New("group: a writer runs once")
	}
	defer close(w.ended)
	for {
		select {
		case r := <-w.queue:
			w.write(context.WithoutCancel(ctx), w.gather(r))
		case <-ctx.Done():
			w.finish(context.WithoutCancel(ctx))
			return nil
		}
	}
}

// finish writes what is left in the queue.
func (w *Writer[In, Out]) finish(ctx context.Context) {
	for {
		select {
		case r := <-w.queue:
			w.write(ctx, w.gather(r))
		default:
			return
		}
	}
}

// gather takes what has queued up behind the first request. One yield lets the
// callers that were just woken by the last commit hand over their next items:
// on few cores it makes the groups several times larger.
func (w *Writer[In, Out]) gather(first *request[In, Out]) []*request[In, Out] {
	group := []*request[In, Out]{first}
	size := len(first.items)
	runtime.Gosched()
	for size < w.cfg.Most {
		select {
		case r := <-w.queue:
			group = append(group, r)
			size += len(r.items)
		default:
			return group
		}
	}
	return group
}

// write commits one group and tells each request its fates.
func (w *Writer[In, Out]) write(ctx context.Context, group []*request[In, Out]) {
	items := group[0].items
	if len(group) > 1 {
		items = nil
		for _, r := range group {
			items = append(items, r.items...)
		}
	}
	fates := w.commit(ctx, items)
	for _, r := range group {
		r.done(fates[:len(r.items):len(r.items)])
		fates = fates[len(r.items):]
	}
}

// commit writes items, halving a group that is refused for its content.
func (w *Writer[In, Out]) commit(ctx context.Context, items []In) []Fate[Out] {
	limited, cancel := context.WithTimeout(ctx, w.cfg.Timeout)
	results, err := w.cfg.Commit(limited, items)
	cancel()
	if err == nil && len(results) != len(items) {
		err = errors.New("group: the commit returned another number of results than items")
	}
	if err != nil && len(items) > 1 && w.cfg.Refused(err) {
		half := len(items) / 2
		return append(w.commit(ctx, items[:half]), w.commit(ctx, items[half:])...)
	}
	fates := make([]Fate[Out], len(items))
	for i := range fates {
		if err != nil {
			fates[i].Err = err
		} else {
			fates[i].Result = results[i]
		}
	}
	return fates
}
