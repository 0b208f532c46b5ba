package audit

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headrace/headrace/core/event"
)

// Store writes events, at least once: an id that is there already is no error.
type Store interface {
	Record(ctx context.Context, events []event.Event) error
}

// Config of a Recorder. Store is required.
type Config struct {
	Store Store
	// Most is how many events may wait for the store. Default 10,000, about 10
	// MB; what comes on top is dropped and counted.
	Most       int
	Logger     hclog.Logger
	Registerer prometheus.Registerer
}

// Recorder buffers events and writes them in groups.
type Recorder struct {
	cfg     Config
	signal  chan struct{}
	dropped prometheus.Counter
	written *prometheus.CounterVec

	mu      sync.Mutex
	waiting []event.Event
}

// groupMost bounds one transaction; pause is the wait while the store is away.
const (
	groupMost = 500
	pause     = time.Second
)

// NewRecorder makes a recorder; Run starts it.
func NewRecorder(cfg Config) (*Recorder, error) {
	if cfg.Store == nil {
		return nil, errors.New("audit: a store is needed")
	}
	if cfg.Most <= 0 {
		cfg.Most = 10_000
	}
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	r := &Recorder{
		cfg: cfg, signal: make(chan struct{}, 1),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "headrace_audit_dropped_total", Help: "Events that found no room while the store was away.",
		}),
		written: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "headrace_audit_recorded_total", Help: "Buffered events that were written, by type.",
		}, []string{"type"}),
	}
	if cfg.Registerer != nil {
		cfg.Registerer.MustRegister(r.dropped, r.written)
	}
	return r, nil
}

// Record takes an event without waiting.
func (r *Recorder) Record(e event.Event) {
	r.mu.Lock()
	if len(r.waiting) < r.cfg.Most {
		r.waiting = append(r.waiting, e)
	} else {
		r.dropped.Inc()
	}
	r.mu.Unlock()
	select {
	case r.signal <- struct{}{}:
	default:
	}
}

// Run writes events until ctx ends, then what is left, with a last short try.
func (r *Recorder) Run(ctx context.Context) error {
	for {
		select {
		case <-r.signal:
			r.flush(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*pause)
			r.flush(last)
			cancel()
			return nil
		}
	}
}

// flush writes until nothing waits or ctx ends.
func (r *Recorder) flush(ctx context.Context) {
	for ctx.Err() == nil {
		group := r.head()
		if len(group) == 0 {
			return
		}
		if err := r.cfg.Store.Record(ctx, group); err != nil {
			r.cfg.Logger.Warn("events not written, will be tried again", "count", len(group), "error", err)
			wait(ctx, pause)
			continue
		}
		r.forget(group)
	}
}

// head returns the oldest waiting events; they stay until they are written.
func (r *Recorder) head() []event.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(len(r.waiting), groupMost)
	return r.waiting[:n:n]
}

func (r *Recorder) forget(group []event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append([]event.Event(nil), r.waiting[len(group):]...)
	for i := range group {
		r.written.WithLabelValues(string(group[i].Type)).Inc()
	}
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
