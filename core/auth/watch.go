package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/headrace/headrace/core/event"
)

// Recorder writes events that speak of no stored row.
type Recorder interface {
	Record(ctx context.Context, events []event.Event) error
}

const (
	// watchPerSecond and watchBurst bound the events about refusals, so that an
	// attack does not fill the audit log. What is left out is counted, and the
	// next event says how many there were.
	watchPerSecond = 10
	watchBurst     = 50
	// watchQueue is how many events wait to be written.
	watchQueue = 256
	// watchLast is how long the last events may take to be written at the end.
	watchLast = 2 * time.Second
)

// WatchConfig configures a Watch. Recorder is required.
type WatchConfig struct {
	Recorder Recorder
	// Logger hears of events that could not be written; nil: nobody does.
	Logger hclog.Logger
	// Registerer of the metrics; nil: none.
	Registerer prometheus.Registerer
	// PerSecond and Burst bound the events; 0: 10 and 50.
	PerSecond, Burst int
}

// Refusal is one request that was turned away.
type Refusal struct {
	// Address of the client.
	Address string
	// Principal is empty when nobody is known.
	Principal string
	// Operation is empty when the request named none.
	Operation     string
	RequestID     string
	CorrelationID uuid.UUID
}

// Watch records refused credentials and refused permissions, best effort: a
// request never waits for it.
type Watch struct {
	recorder Recorder
	log      hclog.Logger
	limit    *rate.Limiter
	queue    chan event.Event

	// mu guards withheld, and makes the look at the queue's room and the send
	// one step.
	mu sync.Mutex
	// withheld counts the refusals that no event tells of, until one does.
	withheld uint64

	failures  prometheus.Counter
	forbidden prometheus.Counter
	dropped   prometheus.Counter
}

// NewWatch makes a watch; Run writes what it sees.
func NewWatch(cfg WatchConfig) (*Watch, error) {
	if cfg.Recorder == nil {
		return nil, errors.New("auth: a recorder is needed")
	}
	if cfg.PerSecond < 0 || cfg.Burst < 0 {
		return nil, errors.New("auth: the bounds of a watch must not be negative")
	}
	if cfg.PerSecond == 0 {
		cfg.PerSecond = watchPerSecond
	}
	if cfg.Burst == 0 {
		cfg.Burst = watchBurst
	}
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	w := &Watch{
		recorder: cfg.Recorder, log: cfg.Logger,
		limit: rate.NewLimiter(rate.Limit(cfg.PerSecond), cfg.Burst),
		queue: make(chan event.Event, watchQueue),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "auth_failures", Help: "Requests whose credentials were refused.",
		}),
		forbidden: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "headrace_auth_forbidden_total", Help: "Requests whose principal lacked the permission.",
		}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "headrace_auth_events_dropped_total", Help: "Refusals that no event of their own tells of.",
		}),
	}
	if cfg.Registerer != nil {
		cfg.Registerer.MustRegister(w.failures, w.forbidden, w.dropped)
	}
	return w, nil
}

// AuthFailed notes that credentials were refused.
func (w *Watch) AuthFailed(r Refusal) {
	w.failures.Inc()
	w.note(event.SecurityAuthFailed, "credentials refused", r)
}

// Forbidden notes that a principal lacked a permission.
func (w *Watch) Forbidden(r Refusal) {
	w.forbidden.Inc()
	w.note(event.SecurityForbidden, "permission refused", r)
}

// refusalMetadata is what the events carry.
type refusalMetadata struct {
	Address   string `json:"address"`
	UserID    string `json:"userId,omitempty"`
	Operation string `json:"operation,omitempty"`
	RequestID string `json:"requestId,omitempty"`
	// Withheld is how many refusals before this one have no event.
	Withheld uint64 `json:"withheld,omitempty"`
}

// note makes an event unless there are too many.
func (w *Watch) note(kind event.Type, message string, r Refusal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == cap(w.queue) || !w.limit.Allow() {
		w.withheld++
		w.dropped.Inc()
		return
	}
	e := event.New(kind, message, refusalMetadata{
		Address: r.Address, UserID: r.Principal, Operation: r.Operation, RequestID: r.RequestID, Withheld: w.withheld,
	})
	e.CorrelationID = r.CorrelationID
	w.queue <- e // has room: only the holder of mu sends
	w.withheld = 0
}

// Run writes events until ctx ends and what was noted before is written.
func (w *Watch) Run(ctx context.Context) error {
	for {
		select {
		case e := <-w.queue:
			w.write(ctx, w.gather(e))
		case <-ctx.Done():
			return w.writeRest(ctx)
		}
	}
}

// gather takes along what else waits.
func (w *Watch) gather(first event.Event) []event.Event {
	events := []event.Event{first}
	for {
		select {
		case e := <-w.queue:
			events = append(events, e)
		default:
			return events
		}
	}
}

func (w *Watch) write(ctx context.Context, events []event.Event) {
	if err := w.recorder.Record(ctx, events); err != nil {
		w.dropped.Add(float64(len(events)))
		w.log.Warn("security events could not be recorded", "events", len(events), "error", err)
	}
}

// writeRest writes what waits at the end, within its own time.
func (w *Watch) writeRest(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), watchLast, fmt.Errorf("security events: no answer within %s", watchLast))
	defer cancel()
	select {
	case e := <-w.queue:
		w.write(ctx, w.gather(e))
	default:
	}
	return nil
}
