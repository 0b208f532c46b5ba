package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/node"
	"github.com/headrace/headrace/core/queue"
	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/sdk/fault"
)

// rows is a store with just the tasks that a test puts there.
type rows struct {
	mu      sync.Mutex
	waiting map[task.Priority][]task.Hint
	// looks at what waits are counted, and looked is called in each.
	looks  int
	looked func()
	epoch  uuid.UUID
	events []event.Event

	overdue, running []task.Task
	dead             []uuid.UUID
	settled          []task.Settlement

	due []task.Hint
	now time.Time
}

func (r *rows) Depths(context.Context) (map[string]int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, hints := range r.waiting {
		n += len(hints)
	}
	return map[string]int64{"t": int64(n)}, nil
}

func (r *rows) Waiting(_ context.Context, _ string, p task.Priority, limit int) ([]task.Hint, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looks++
	if r.looked != nil {
		r.looked()
	}
	hints := r.waiting[p]
	return slices.Clone(hints[:min(limit, len(hints))]), nil
}

func (r *rows) Epoch(context.Context, string) (uuid.UUID, error) { return r.epoch, nil }

func (r *rows) SetEpoch(_ context.Context, _ string, epoch uuid.UUID) error {
	r.epoch = epoch
	return nil
}

func (r *rows) Record(_ context.Context, events []event.Event) error {
	r.events = append(r.events, events...)
	return nil
}

func (r *rows) Overdue(context.Context, int) ([]task.Task, error) {
	all := r.overdue
	r.overdue = nil
	return all, nil
}

func (r *rows) DeclareDead(_ context.Context, lost func(node.Info) event.Event) ([]node.Info, error) {
	var all []node.Info
	for _, id := range r.dead {
		info := node.Info{ID: id}
		r.events = append(r.events, lost(info))
		all = append(all, info)
	}
	return all, nil
}

func (r *rows) DeadWithWork(context.Context) ([]uuid.UUID, error) { return r.dead, nil }

func (r *rows) RunningOn(context.Context, uuid.UUID, int) ([]task.Task, error) {
	all := r.running
	r.running = nil
	return all, nil
}

func (r *rows) Settle(_ context.Context, items []task.Settlement) ([]task.Settled, error) {
	r.settled = append(r.settled, items...)
	return make([]task.Settled, len(items)), nil
}

func (r *rows) Due(_ context.Context, after time.Time, limit int) ([]task.Hint, time.Time, error) {
	var hints []task.Hint
	for _, h := range r.due {
		if at := time.UnixMilli(h.Order); at.After(after) && !at.After(r.now) && len(hints) < limit {
			hints = append(hints, h)
		}
	}
	if len(hints) == limit {
		return hints, time.UnixMilli(hints[limit-1].Order), nil
	}
	return hints, r.now, nil
}

// offers collects hints.
type offers struct {
	mu    sync.Mutex
	hints []task.Hint
}

func (o *offers) Offer(hints []task.Hint) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hints = append(o.hints, hints...)
}

func types(t *testing.T, onFailure task.Status) *tasktype.Registry {
	t.Helper()
	typ, err := tasktype.New(tasktype.Settings{
		Name: "t", Runs: "t", Plugin: "p", Concurrency: 1, Timeout: time.Second,
		OnFailure: onFailure, Order: tasktype.Weighted, MaxPayload: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := tasktype.NewRegistry([]*tasktype.Type{typ})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// filler makes a filler on an embedded Redis with windows of 10.
func filler(t *testing.T, store *rows) (*Filler, *queue.Queue, *miniredis.Miniredis) {
	t.Helper()
	server := miniredis.RunT(t)
	client, err := redis.Open(redis.Config{URL: "redis://" + server.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	q, err := queue.New(queue.Config{Client: client, Window: 10})
	if err != nil {
		t.Fatal(err)
	}
	f, err := NewFiller(FillerConfig{Store: store, Queue: q, Types: types(t, task.DeadLetter), Ready: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	return f, q, server
}

func waitingTasks(n int, p task.Priority) []task.Hint {
	hints := make([]task.Hint, n)
	for i := range hints {
		hints[i] = task.Hint{ID: task.NewID(), Type: "t", Priority: p, Order: int64(i)}
	}
	return hints
}

// popAll takes everything out of the queue.
func popAll(t *testing.T, q *queue.Queue) []task.Hint {
	t.Helper()
	p, err := q.Pop(t.Context(), "t", 100, tasktype.Weighted)
	if err != nil {
		t.Fatal(err)
	}
	return p.Hints
}

func TestFlushedRedisIsFilledFromTheStore(t *testing.T) {
	t.Parallel()
	store := &rows{waiting: map[task.Priority][]task.Hint{task.Low: waitingTasks(3, task.Low), task.Critical: waitingTasks(2, task.Critical)}}
	f, q, server := filler(t, store)
	if err := f.fillAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(store.events) != 0 {
		t.Error("the first life of a queue is no loss")
	}
	server.FlushAll()
	if _, err := q.Pop(t.Context(), "t", 1, tasktype.Weighted); !errors.Is(err, queue.ErrLost) {
		t.Fatalf("after FLUSHALL: %v", err)
	}
	f.Ask("t")
	if err := f.fillAsked(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := popAll(t, q); len(got) != 5 {
		t.Errorf("%d of 5 are back", len(got))
	}
	if len(store.events) != 1 || store.events[0].Type != event.RecoveryQueueRebuilt {
		t.Errorf("events %+v", store.events)
	}
}

func TestAnIDThatGotLostIsFoundAgain(t *testing.T) {
	t.Parallel()
	store := &rows{waiting: map[task.Priority][]task.Hint{task.Low: waitingTasks(3, task.Low)}}
	f, q, _ := filler(t, store)
	if err := f.fillAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	popAll(t, q) // and then its node died
	if err := f.fillAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := popAll(t, q); len(got) != 3 {
		t.Errorf("%d of 3 are back", len(got))
	}
}

func TestWhoAsksDuringAFillIsServedByIt(t *testing.T) {
	t.Parallel()
	store := &rows{}
	f, _, _ := filler(t, store)
	store.looked = func() { f.Ask("t") }
	for range 3 {
		f.Ask("t")
		before := store.looks
		for range 2 { // the second for whoever asked during the first
			if err := f.fillAsked(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if looks := store.looks - before; looks != len(task.Priorities()) {
			t.Errorf("%d looks at the lanes, want one each", looks)
		}
	}
}

func TestABacklogBeyondTheWindowComesInPortions(t *testing.T) {
	t.Parallel()
	store := &rows{waiting: map[task.Priority][]task.Hint{task.Low: waitingTasks(25, task.Low)}}
	f, q, _ := filler(t, store)
	seen := map[uuid.UUID]bool{}
	for range 3 {
		if err := f.fill(t.Context(), "t"); err != nil {
			t.Fatal(err)
		}
		marks, err := q.Marks(t.Context(), "t")
		if err != nil {
			t.Fatal(err)
		}
		if last := len(store.waiting[task.Low]) < 10; last == (marks[task.Low] > 0) || marks[task.High] > 0 {
			t.Errorf("%d wait, marks %d", len(store.waiting[task.Low]), marks)
		}
		for _, h := range popAll(t, q) {
			seen[h.ID] = true
		}
		store.waiting[task.Low] = store.waiting[task.Low][min(10, len(store.waiting[task.Low])):]
	}
	if len(seen) != 25 {
		t.Errorf("%d of 25 came", len(seen))
	}
}

func TestTwoNodesAgreeOnOneLifeOfAQueue(t *testing.T) {
	t.Parallel()
	store := &rows{waiting: map[task.Priority][]task.Hint{task.Low: waitingTasks(2, task.Low)}}
	f, q, server := filler(t, store)
	if err := f.fillAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	client, err := redis.Open(redis.Config{URL: "redis://" + server.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	other, err := queue.New(queue.Config{Client: client, Window: 10})
	if err != nil {
		t.Fatal(err)
	}
	second, err := NewFiller(FillerConfig{Store: store, Queue: other, Types: types(t, task.DeadLetter), Ready: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.fillAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Pop(t.Context(), "t", 1, tasktype.Weighted); err != nil {
		t.Errorf("the second node has taken the queue from the first: %v", err)
	}
}

func TestDueTasksAreOfferedOnceTheirTimeHasCome(t *testing.T) {
	t.Parallel()
	base := time.UnixMilli(1_800_000_000_000)
	store := &rows{now: base}
	for i := range dueMost + 3 {
		store.due = append(store.due, task.Hint{ID: task.NewID(), Order: base.Add(time.Duration(i-dueMost) * time.Millisecond).UnixMilli()})
	}
	o := &offers{}
	d, err := NewDue(DueConfig{Store: store, Offers: o})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.move(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(o.hints); got != dueMost+1 {
		t.Errorf("%d offered, want all %d that are due", got, dueMost+1)
	}
	store.now = base.Add(time.Second)
	if err := d.move(t.Context()); err != nil {
		t.Fatal(err)
	}
	if last := o.hints[len(o.hints)-1]; last.ID != store.due[dueMost+2].ID {
		t.Error("the task that became due meanwhile was not offered")
	}
}

func TestPendingTasksEndAtTheirDeadline(t *testing.T) {
	t.Parallel()
	for onFailure, kind := range map[task.Status]event.Type{task.DeadLetter: event.TaskDeadLettered, task.Failed: event.TaskFailed} {
		store := &rows{overdue: []task.Task{{ID: task.NewID(), Type: "t", Attempt: 2}, {ID: task.NewID(), Type: "gone"}}}
		d, err := NewDeadlines(DeadlinesConfig{Store: store, Types: types(t, onFailure)})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		first, second := store.settled[0], store.settled[1]
		if first.From != task.Pending || first.Attempt != 2 || first.To != onFailure || first.Event.Type != kind || first.Error.Code != fault.TaskTimeout {
			t.Errorf("settlement %+v", first)
		}
		if second.To != task.DeadLetter {
			t.Errorf("a task of an unknown type ends as %s", second.To)
		}
		var details struct{ Started bool }
		if err := json.Unmarshal(second.Error.Details, &details); err != nil || details.Started {
			t.Errorf("details %s, %v", second.Error.Details, err)
		}
	}
}

func TestWorkOfADeadNodeIsReleased(t *testing.T) {
	t.Parallel()
	owner := task.NewID()
	store := &rows{dead: []uuid.UUID{owner}, running: []task.Task{
		{ID: task.NewID(), Type: "t", Status: task.Running, Attempt: 1, NodeID: owner},
		{ID: task.NewID(), Type: "t", Status: task.Running, Attempt: 1, NodeID: owner, CancelRequested: true},
		{ID: task.NewID(), Type: "t", Status: task.Running, Attempt: 20, NodeID: owner, LapseCount: lapseLimit - 1},
	}}
	o := &offers{}
	r, err := NewReaper(ReaperConfig{Store: store, Types: types(t, task.DeadLetter), Offers: o})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.reap(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		to   task.Status
		kind event.Type
	}{{task.Pending, event.TaskRecovered}, {task.Cancelled, event.TaskCancelled}, {task.DeadLetter, event.TaskDeadLettered}} {
		if s := store.settled[i]; s.To != want.to || s.Event.Type != want.kind || s.From != task.Running {
			t.Errorf("settlement %d: %+v", i, s)
		}
	}
	if len(o.hints) != 1 || len(store.events) != 1 {
		t.Errorf("%d offered, %d events", len(o.hints), len(store.events))
	}
}

func TestALoopGoesOnAfterAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &flaky{fail: 2}
		var leads atomic.Bool
		u, err := NewUpkeep(store, leads.Load, hclog.NewNullLogger())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- u.Run(ctx) }()
		time.Sleep(time.Hour)
		synctest.Wait()
		if store.calls != 0 {
			t.Error("a node that does not lead cares for the store")
		}
		leads.Store(true)
		time.Sleep(time.Hour)
		synctest.Wait()
		if store.calls < 4 {
			t.Errorf("%d turns in an hour", store.calls)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// flaky fails its first turns.
type flaky struct{ calls, fail int }

func (f *flaky) Maintain(context.Context) error {
	f.calls++
	if f.calls <= f.fail {
		return errors.New("not now")
	}
	return nil
}
