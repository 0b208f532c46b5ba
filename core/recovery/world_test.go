package recovery

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/node"
	"github.com/headrace/headrace/core/queue"
	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/core/store/postgres"
	"github.com/headrace/headrace/core/store/sqlite"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/core/testenv"
)

// worldStore is the store as nodes, filler and reaper use it.
type worldStore interface {
	FillerStore
	ReaperStore
	node.Store
	Insert(ctx context.Context, subs []task.Submission) ([]task.InsertResult, error)
	Claim(ctx context.Context, req task.ClaimRequest) ([]task.Task, error)
	Cancel(ctx context.Context, req task.CancelRequest) (task.Task, task.CancelOutcome, error)
	Get(ctx context.Context, id uuid.UUID) (t task.Task, ok bool, err error)
	TaskEvents(ctx context.Context, id, after uuid.UUID, limit int) (events []event.Event, next uuid.UUID, err error)
}

// world is two nodes, a canceller, a filler and a reaper over a real store, and a
// Redis that forgets, loses and doubles ids. rapid chooses who acts when; at the
// end everything is brought to rest and each task is looked at.
type world struct {
	*rapid.T
	ctx    context.Context
	store  worldStore
	ids    *queue.Queue
	client *redis.Client
	filler *Filler
	reaper *Reaper
	nodes  [2]*hand
	// ghost holds what processes still work on that were declared dead.
	ghost hand
	tasks []task.Task
	// attempts are those that were handed out, by task; none may come twice.
	attempts map[uuid.UUID][]int
	// outcomes counts the settlements and cancellations that ended a task; the
	// reaper's are not among them.
	outcomes map[uuid.UUID]int
}

// hand is a node that is moved by hand.
type hand struct {
	id    uuid.UUID
	holds []task.Task
}

func TestTheWorldComesToRest(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "world.db")
		if err := sqlite.Migrate(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(store.Close)
		explore(t, store)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := testenv.Postgres(t)
		if err := postgres.Migrate(t.Context(), url); err != nil {
			t.Fatal(err)
		}
		store, err := postgres.Open(t.Context(), postgres.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(store.Close)
		explore(t, store)
	})
}

func explore(t *testing.T, store worldStore) {
	t.Helper()
	server, err := redis.StartEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	client, err := redis.Open(redis.Config{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	types := types(t, task.DeadLetter)
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, t.Context(), store, client, types)
		rt.Repeat(map[string]func(*rapid.T){
			"submit":     w.submit,
			"pop":        w.pop,
			"lose":       w.lose,
			"forget":     w.forget,
			"double":     w.double,
			"settle":     w.settle,
			"cancel":     w.cancel,
			"die":        w.die,
			"fill":       func(*rapid.T) { w.ok(w.filler.fillAll(w.ctx)) },
			"reap":       func(*rapid.T) { w.ok(w.reaper.reap(w.ctx)) },
			"look again": func(*rapid.T) {},
		})
		w.rest()
		w.judge()
	})
}

func newWorld(rt *rapid.T, ctx context.Context, store worldStore, client *redis.Client, types *tasktype.Registry) *world {
	w := &world{
		T: rt, ctx: ctx, store: store, client: client,
		attempts: map[uuid.UUID][]int{}, outcomes: map[uuid.UUID]int{},
	}
	w.ok(client.FlushAll(ctx).Err())
	var err error
	w.ids, err = queue.New(queue.Config{Client: client, Window: 3})
	w.ok(err)
	w.filler, err = NewFiller(FillerConfig{Store: store, Queue: w.ids, Types: types, Ready: func(string) {}})
	w.ok(err)
	w.reaper, err = NewReaper(ReaperConfig{Store: store, Types: types, Offers: w, Every: time.Second})
	w.ok(err)
	for i := range w.nodes {
		w.nodes[i] = &hand{}
		w.register(w.nodes[i])
	}
	w.ok(w.filler.fillAll(ctx))
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) register(h *hand) {
	info := node.Info{ID: task.NewID(), Name: "n", Version: "v", Started: time.Now()}
	w.ok(w.store.RegisterNode(w.ctx, info, time.Hour, event.New(event.SystemStarted, "started", nil)))
	*h = hand{id: info.ID}
}

// Offer implements Offers: Redis may have forgotten the queue by now.
func (w *world) Offer(hints []task.Hint) {
	_, err := w.ids.Push(w.ctx, "t", hints)
	if err != nil && err != queue.ErrLost { //nolint:errorlint // the bare error is the promise
		w.Fatal(err)
	}
}

func (w *world) submit(rt *rapid.T) {
	var subs []task.Submission
	for range rapid.IntRange(1, 5).Draw(rt, "tasks") {
		k := task.Task{
			ID: task.NewID(), Type: "t", MaxRetries: 5, CreatedBy: "key:test",
			Priority: task.Priority(rapid.IntRange(0, 3).Draw(rt, "priority")),
		}
		k.Created = task.CreatedAt(k.ID)
		k.Updated = k.Created
		subs = append(subs, task.Submission{Task: k, Event: k.Event(event.TaskCreated, "accepted", k.EventMetadata())})
		w.tasks = append(w.tasks, k)
	}
	_, err := w.store.Insert(w.ctx, subs)
	w.ok(err)
	if rapid.Bool().Draw(rt, "the push arrives") {
		for i := range subs {
			w.Offer([]task.Hint{task.HintOf(&subs[i].Task)})
		}
	}
}

// take pops hints; none when Redis has forgotten the queue.
func (w *world) take(n int) []task.Hint {
	p, err := w.ids.Pop(w.ctx, "t", n, tasktype.Weighted)
	if err == queue.ErrLost { //nolint:errorlint // the bare error is the promise
		return nil
	}
	w.ok(err)
	return p.Hints
}

func (w *world) pop(rt *rapid.T) {
	w.claim(rapid.SampledFrom(w.nodes[:]).Draw(rt, "node"), w.take(rapid.IntRange(1, 4).Draw(rt, "ids")))
}

// claim makes a node try what it popped.
func (w *world) claim(h *hand, hints []task.Hint) {
	ids := make([]uuid.UUID, len(hints))
	for i := range hints {
		ids[i] = hints[i].ID
	}
	claimed, err := w.store.Claim(w.ctx, task.ClaimRequest{Node: h.id, IDs: ids})
	w.ok(err)
	for i := range claimed {
		id, attempt := claimed[i].ID, claimed[i].Attempt
		if last := w.attempts[id]; len(last) > 0 && attempt <= last[len(last)-1] {
			w.Fatalf("task %s: attempt %d after %v", id, attempt, last)
		}
		w.attempts[id] = append(w.attempts[id], attempt)
	}
	h.holds = append(h.holds, claimed...)
}

// lose pops ids that nobody claims, as a node does that dies in between.
func (w *world) lose(rt *rapid.T) { w.take(rapid.IntRange(1, 4).Draw(rt, "ids")) }

// forget is FLUSHALL.
func (w *world) forget(*rapid.T) { w.ok(w.client.FlushAll(w.ctx).Err()) }

// double pushes ids that may be anywhere, or nowhere any more.
func (w *world) double(rt *rapid.T) {
	if len(w.tasks) > 0 {
		k := rapid.SampledFrom(w.tasks).Draw(rt, "task")
		w.Offer([]task.Hint{task.HintOf(&k)})
	}
}

// settle ends some attempt of a node, dead or alive, perhaps for the second time
// because the first answer got lost.
func (w *world) settle(rt *rapid.T) {
	h := rapid.SampledFrom([]*hand{w.nodes[0], w.nodes[1], &w.ghost}).Draw(rt, "node")
	if len(h.holds) == 0 {
		return
	}
	i := rapid.IntRange(0, len(h.holds)-1).Draw(rt, "attempt")
	to := rapid.SampledFrom([]task.Status{task.Completed, task.Pending, task.DeadLetter}).Draw(rt, "to")
	w.end(&h.holds[i], to)
	if rapid.IntRange(0, 3).Draw(rt, "three in four answers arrive") > 0 {
		h.holds = slices.Delete(h.holds, i, i+1)
	}
}

// end settles an attempt and counts the outcomes that hold.
func (w *world) end(t *task.Task, to task.Status) {
	kind := map[task.Status]event.Type{
		task.Completed: event.TaskCompleted, task.Pending: event.TaskRetried,
		task.DeadLetter: event.TaskDeadLettered, task.Cancelled: event.TaskCancelled,
	}[to]
	s := task.Settlement{
		ID: t.ID, From: task.Running, Attempt: t.Attempt, To: to, Event: t.Event(kind, "ended", t.EventMetadata()),
	}
	if to != task.Completed {
		s.Error = &task.Failure{Code: "internal_error", Message: "drawn"}
	}
	fates, err := w.store.Settle(w.ctx, []task.Settlement{s})
	w.ok(err)
	given := w.attempts[t.ID]
	if newest := given[len(given)-1]; fates[0] != task.SettledLate && t.Attempt != newest {
		w.Fatalf("task %s: attempt %d was settled, and %d is out", t.ID, t.Attempt, newest)
	}
	switch {
	case fates[0] == task.SettledCancel:
		w.end(t, task.Cancelled)
	case fates[0] == task.SettledNow && to != task.Pending:
		w.outcomes[t.ID]++
	case fates[0] == task.SettledNow:
		w.Offer([]task.Hint{task.HintOf(t)})
	}
}

func (w *world) cancel(rt *rapid.T) {
	if len(w.tasks) == 0 {
		return
	}
	id := rapid.SampledFrom(w.tasks).Draw(rt, "task").ID
	w.ok(w.stop(id))
}

func (w *world) stop(id uuid.UUID) error {
	written := func(kind event.Type) func(*task.Task) event.Event {
		return func(t *task.Task) event.Event { return t.Event(kind, "cancelled", t.EventMetadata()) }
	}
	_, outcome, err := w.store.Cancel(w.ctx, task.CancelRequest{
		ID: id, Cancelled: written(event.TaskCancelled), Asked: written(event.TaskCancelRequested),
	})
	if outcome == task.CancelDone {
		w.outcomes[id]++
	}
	return err
}

// die declares a node dead; a new one comes. Its process may go on for a while,
// since it does not know, and try to settle what it holds.
func (w *world) die(rt *rapid.T) {
	i := rapid.IntRange(0, 1).Draw(rt, "node")
	h := w.nodes[i]
	w.ok(w.store.EndNode(w.ctx, h.id, event.New(event.SystemStopped, "stopped", nil)))
	if rapid.Bool().Draw(rt, "its process goes on") {
		w.ghost.holds = append(w.ghost.holds, h.holds...)
	}
	w.register(h)
	if rapid.Bool().Draw(rt, "its work is taken up at once") {
		w.ok(w.reaper.reap(w.ctx))
		w.claim(h, w.take(4))
	}
}

// rest lets the nodes finish whatever can be found.
func (w *world) rest() {
	for range 3 + len(w.tasks) {
		for _, h := range w.nodes {
			for i := range h.holds {
				w.end(&h.holds[i], task.Completed)
			}
			h.holds = nil
		}
		for i := range w.ghost.holds {
			w.end(&w.ghost.holds[i], task.Completed)
		}
		w.ok(w.reaper.reap(w.ctx))
		w.ok(w.filler.fillAll(w.ctx))
		w.claim(w.nodes[0], w.take(10))
		if w.ended() {
			return
		}
	}
}

func (w *world) ended() bool {
	return !slices.ContainsFunc(w.tasks, func(k task.Task) bool {
		got, ok, err := w.store.Get(w.ctx, k.ID)
		w.ok(err)
		return ok && (got.Status == task.Pending || got.Status == task.Running)
	})
}

// judge looks at each task: one outcome, the row and the log agree.
func (w *world) judge() {
	final := map[event.Type]task.Status{
		event.TaskCompleted: task.Completed, event.TaskDeadLettered: task.DeadLetter, event.TaskCancelled: task.Cancelled,
	}
	for _, k := range w.tasks {
		got, ok, err := w.store.Get(w.ctx, k.ID)
		w.ok(err)
		events, _, err := w.store.TaskEvents(w.ctx, k.ID, uuid.Nil, 1000)
		w.ok(err)
		var ends []task.Status
		for i := range events {
			if to, isEnd := final[events[i].Type]; isEnd {
				ends = append(ends, to)
			}
		}
		if !ok || w.outcomes[k.ID] > 1 || !slices.Equal(ends, []task.Status{got.Status}) {
			w.Fatalf("task %s: found %v, %s, %d outcomes, ends %v, attempts %v", k.ID, ok, got.Status,
				w.outcomes[k.ID], ends, w.attempts[k.ID])
		}
	}
}
