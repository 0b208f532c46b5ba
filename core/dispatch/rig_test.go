package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/pluginhost"
	"github.com/headrace/headrace/core/queue"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

// world is everything around a dispatcher: a store, a queue, a plugin and a
// lease, all of which can misbehave.
type world struct {
	mu sync.Mutex
	// tasks are the rows; ready are the hints.
	tasks map[uuid.UUID]*task.Task
	ready []task.Hint
	// away: the store does not answer. lost: Redis does not.
	away, lost bool
	// slow: settlements wait for its end.
	slow     chan struct{}
	holds    bool
	inactive bool
	events   []event.Event

	// inside are the attempts that the plugin has, in order.
	inside    []pluginhost.Assignment
	cancelled map[pluginhost.AttemptKey]pluginhost.Reason
	killed    []pluginhost.AttemptKey
	sink      pluginhost.Sink
	asked     []string

	// limited counts the claims within a limit; elsewhere are the running tasks of
	// other nodes; busy: another node claims.
	limited, elsewhere int
	busy               bool
	freed              []string
}

var errAway = errors.New("the store is away")

func newWorld() *world {
	return &world{tasks: map[uuid.UUID]*task.Task{}, cancelled: map[pluginhost.AttemptKey]pluginhost.Reason{}, holds: true}
}

// add makes n pending tasks with hints.
func (w *world) add(n int, change func(*task.Task)) []uuid.UUID {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ids []uuid.UUID
	for range n {
		t := &task.Task{ID: task.NewID(), Type: "t", MaxRetries: 5}
		if change != nil {
			change(t)
		}
		w.tasks[t.ID] = t
		w.ready = append(w.ready, task.HintOf(t))
		ids = append(ids, t.ID)
	}
	return ids
}

func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *world) task(id uuid.UUID) task.Task {
	w.mu.Lock()
	defer w.mu.Unlock()
	return *w.tasks[id]
}

func (w *world) Claim(_ context.Context, req task.ClaimRequest) ([]task.Task, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away {
		return nil, errAway
	}
	var claimed []task.Task
	for _, id := range req.IDs {
		if t := w.tasks[id]; t != nil && t.Status == task.Pending && !t.CancelRequested {
			t.Status, t.NodeID = task.Running, req.Node
			t.Attempt++
			claimed = append(claimed, *t)
		}
	}
	return claimed, nil
}

func (w *world) Settle(_ context.Context, items []task.Settlement) ([]task.Settled, error) {
	w.mu.Lock()
	slow := w.slow
	w.mu.Unlock()
	if slow != nil {
		<-slow
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away {
		return nil, errAway
	}
	fates := make([]task.Settled, len(items))
	for i := range items {
		fates[i] = w.settle(&items[i])
	}
	return fates, nil
}

func (w *world) settle(s *task.Settlement) task.Settled {
	t := w.tasks[s.ID]
	switch {
	case t == nil || t.Status != s.From || t.Attempt != s.Attempt:
		return task.SettledLate
	case s.To == task.Pending && t.CancelRequested:
		return task.SettledCancel
	}
	t.Status, t.Error, t.RunAt = s.To, s.Error, s.RunAt
	t.RetryCount += s.Retries
	t.CrashCount += s.Crashes
	w.events = append(w.events, s.Event)
	return task.SettledNow
}

func (w *world) Record(_ context.Context, events []event.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away {
		return errAway
	}
	w.events = append(w.events, events...)
	return nil
}

func (w *world) Waiting(_ context.Context, _ string, p task.Priority, limit int) ([]task.Hint, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var hints []task.Hint
	for _, t := range w.tasks {
		if t.Status == task.Pending && t.Priority == p && len(hints) < limit {
			hints = append(hints, task.HintOf(t))
		}
	}
	return hints, nil
}

func (w *world) CancelsOn(context.Context, uuid.UUID) (ids []uuid.UUID, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, t := range w.tasks {
		if t.Status == task.Running && t.CancelRequested {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (w *world) Pop(_ context.Context, _ string, n int, _ tasktype.Order) (queue.Popped, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost {
		return queue.Popped{}, queue.ErrLost
	}
	n = min(n, len(w.ready))
	p := queue.Popped{Hints: append([]task.Hint(nil), w.ready[:n]...)}
	w.ready = w.ready[n:]
	p.Left[1] = len(w.ready)
	return p, nil
}

func (w *world) Offer(hints []task.Hint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ready = append(w.ready, hints...)
}

func (w *world) Submit(_ string, batch []pluginhost.Assignment, sink pluginhost.Sink) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.inactive {
		return pluginhost.ErrNotActive
	}
	w.inside, w.sink = append(w.inside, batch...), sink
	return nil
}

func (w *world) Cancel(_ string, attempts []pluginhost.AttemptKey, reason pluginhost.Reason) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range attempts {
		w.cancelled[key] = reason
	}
}

func (w *world) Kill(_ string, attempt pluginhost.AttemptKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.killed = append(w.killed, attempt)
}

func (w *world) Active(string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.inactive
}

func (w *world) Holds() (uuid.UUID, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return uuid.UUID{1}, w.holds
}

// answer lets the plugin end everything that it has, all alike.
func (w *world) answer(kind pluginhost.OutcomeKind) {
	w.mu.Lock()
	inside := w.inside
	w.inside = nil
	w.mu.Unlock()
	outcomes := make([]pluginhost.Outcome, len(inside))
	for i, a := range inside {
		outcomes[i] = pluginhost.Outcome{ID: a.ID, Attempt: a.Attempt, Kind: kind}
	}
	w.sink.Ended(outcomes)
}

func (w *world) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.inside)
}

// start runs a dispatcher in the world; stop ends it.
func (w *world) start(t *testing.T, change func(*tasktype.Settings), options ...func(*Config)) (*Dispatcher, func()) {
	t.Helper()
	types, err := tasktype.NewRegistry([]*tasktype.Type{newType(t, change)})
	if err != nil {
		t.Fatal(err)
	}
	note := func(typ string) { w.set(func() { w.asked = append(w.asked, typ) }) }
	cfg := Config{
		Store: w, Queue: w, Offers: w, Plugins: w, Node: w, Types: types, Lost: note, Low: note,
		Check: func(doc json.RawMessage) error {
			if string(doc) == "bad" {
				return errors.New("not JSON")
			}
			return nil
		},
		Freed:      func(_ context.Context, typ string) { w.set(func() { w.freed = append(w.freed, typ) }) },
		Registerer: prometheus.NewRegistry(),
	}
	for _, option := range options {
		option(&cfg)
	}
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	d.Wake("t")
	synctest.Wait()
	return d, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// after lets time pass.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
