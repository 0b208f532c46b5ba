package storetest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// exerciseModel runs random commands against the store and against a model that
// fits on a page, and compares both after each.
func exerciseModel(t *testing.T, s Store) {
	rapid.Check(t, func(rt *rapid.T) {
		f := &fixture{tb: rt, ctx: t.Context(), store: s, typ: uniqueName("model")}
		m := &machine{
			fixture: f, tasks: make(map[uuid.UUID]*modelTask), living: []uuid.UUID{f.node(longLease)},
			began: time.Now().Truncate(time.Millisecond),
		}
		rt.Repeat(map[string]func(*rapid.T){
			"insert":  m.insert,
			"claim":   m.claim,
			"settle":  m.settle,
			"cancel":  m.cancel,
			"expire":  m.expire,
			"kill":    m.kill,
			"recover": m.recover,
			"":        m.compare,
		})
	})
}

// modelTask is what the model knows of a task.
type modelTask struct {
	id      uuid.UUID
	status  task.Status
	attempt int
	retries int
	lapses  int
	asked   bool
	overdue bool
	node    uuid.UUID
	unique  string
	trail   []event.Type
	// steps counts the changes of status, each of which has its event.
	steps int
}

// machine is the model of a store that holds tasks of one type.
type machine struct {
	*fixture
	tasks map[uuid.UUID]*modelTask
	// began spares the lists the tasks of earlier runs.
	began time.Time
	// order is the order of creation.
	order []uuid.UUID
	// living and dead are nodes; those in dead may own tasks still.
	living, dead []uuid.UUID
	// touched are the tasks whose trail has to be read.
	touched []uuid.UUID
}

// become makes a step of the model, which must be one that a task can make.
func (m *machine) become(t *modelTask, to task.Status, kind event.Type) {
	if !t.status.CanBecome(to) {
		m.Fatalf("the model went from %s to %s", t.status, to)
	}
	t.status = to
	if to != task.Running {
		t.node = uuid.Nil
	}
	t.steps++
	m.record(t, kind)
}

func (m *machine) record(t *modelTask, kind event.Type) {
	t.trail = append(t.trail, kind)
	m.touched = append(m.touched, t.id)
}

// stored is the task as it is needed to make requests.
func (t *modelTask) stored(typ string) task.Task {
	return task.Task{ID: t.id, Type: typ, Status: t.status, Attempt: t.attempt}
}

// some draws distinct tasks.
func (m *machine) some(rt *rapid.T) []*modelTask {
	if len(m.order) == 0 {
		return nil
	}
	ids := rapid.SliceOfNDistinct(rapid.SampledFrom(m.order), 1, min(6, len(m.order)), rapid.ID).Draw(rt, "tasks")
	tasks := make([]*modelTask, len(ids))
	for i, id := range ids {
		tasks[i] = m.tasks[id]
	}
	return tasks
}

func (m *machine) insert(rt *rapid.T) {
	var subs []task.Submission
	var fresh []*modelTask
	for range rapid.IntRange(1, 4).Draw(rt, "how many") {
		unique := rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(rt, "unique key")
		overdue := rapid.IntRange(0, 4).Draw(rt, "one in five is overdue") == 0
		subs = append(subs, m.submission(withUnique(unique), func(t *task.Task) {
			if overdue {
				t.Deadline = soon(-time.Minute)
			}
		}))
		fresh = append(fresh, &modelTask{id: subs[len(subs)-1].Task.ID, unique: unique, overdue: overdue})
	}
	results, err := m.store.Insert(m.ctx, subs)
	m.ok(err)
	for i, t := range fresh {
		want := task.InsertResult{Holder: m.holder(t.unique)}
		if want.Holder != uuid.Nil {
			want.Fate = task.UniqueTaken
		} else {
			m.tasks[t.id], m.order = t, append(m.order, t.id)
			m.record(t, event.TaskCreated)
		}
		m.same("fate", results[i], want)
	}
}

// holder is the task that holds a unique key.
func (m *machine) holder(unique string) uuid.UUID {
	for t := range maps.Values(m.tasks) {
		if unique != "" && t.unique == unique && (t.status == task.Pending || t.status == task.Running) {
			return t.id
		}
	}
	return uuid.Nil
}

func (m *machine) claim(rt *rapid.T) {
	owner := rapid.SampledFrom(append(slices.Clone(m.living), m.dead...)).Draw(rt, "node")
	req := task.ClaimRequest{Node: owner, Started: func(t *task.Task) event.Event {
		return t.Event(event.TaskStarted, "started", t.EventMetadata())
	}}
	want := []uuid.UUID{}
	for _, t := range m.some(rt) {
		req.IDs = append(req.IDs, t.id)
		if t.status == task.Pending && !t.overdue && slices.Contains(m.living, owner) {
			want = append(want, t.id)
			m.become(t, task.Running, event.TaskStarted)
			t.attempt, t.node = t.attempt+1, owner
		}
	}
	got, err := m.store.Claim(m.ctx, req)
	m.ok(err)
	m.same("claimed", idsOf(got), want)
}

func (m *machine) settle(rt *rapid.T) {
	var items []task.Settlement
	var want []task.Settled
	for _, t := range m.some(rt) {
		stale := rapid.IntRange(0, 3).Draw(rt, "one in four is stale") == 0
		to := rapid.SampledFrom([]task.Status{
			task.Completed, task.Failed, task.DeadLetter, task.Cancelled, task.Pending, task.Pending,
		}).Draw(rt, "to")
		stored := t.stored(m.typ)
		stored.Status = task.Running
		item := settlement(stored, to)
		if stale {
			item.Attempt--
		}
		if to == task.Pending {
			item.Retries = 1
		}
		items = append(items, item)
		want = append(want, m.settled(t, &items[len(items)-1]))
	}
	got, err := m.store.Settle(m.ctx, items)
	m.ok(err)
	m.same("fates", got, want)
}

// settled is what a settlement of a running task must do.
func (m *machine) settled(t *modelTask, item *task.Settlement) task.Settled {
	switch {
	case t.status != task.Running || t.attempt != item.Attempt:
		return task.SettledLate
	case item.To == task.Pending && t.asked:
		return task.SettledCancel
	}
	m.become(t, item.To, item.Event.Type)
	t.retries += item.Retries
	t.lapses += item.Lapses
	return task.SettledNow
}

func (m *machine) cancel(rt *rapid.T) {
	for _, t := range m.some(rt) {
		var want task.CancelOutcome
		switch {
		case t.status == task.Pending:
			want = task.CancelDone
			m.become(t, task.Cancelled, event.TaskCancelled)
		case t.status == task.Running && !t.asked:
			want = task.CancelAsked
			t.asked = true
			m.record(t, event.TaskCancelRequested)
		case t.status == task.Running, t.status == task.Cancelled:
			want = task.CancelBefore
		default:
			want = task.CancelTooLate
		}
		_, got := m.fixture.cancel(t.id)
		m.same("outcome", got, want)
	}
}

func (m *machine) expire(rt *rapid.T) {
	to := rapid.SampledFrom([]task.Status{task.DeadLetter, task.Failed}).Draw(rt, "to")
	var items []task.Settlement
	var want []task.Settled
	for _, t := range m.some(rt) {
		stored := t.stored(m.typ)
		stored.Status = task.Pending
		items = append(items, settlement(stored, to))
		if t.status == task.Pending && t.overdue {
			m.become(t, to, eventOf(to))
			want = append(want, task.SettledNow)
		} else {
			want = append(want, task.SettledLate)
		}
	}
	got, err := m.store.Settle(m.ctx, items)
	m.ok(err)
	m.same("fates", got, want)
}

// kill ends a node and starts another.
func (m *machine) kill(rt *rapid.T) {
	i := rapid.IntRange(0, len(m.living)-1).Draw(rt, "node")
	id := m.living[i]
	m.ok(m.store.EndNode(m.ctx, id, nodeEvent(event.SystemStopped, id)))
	m.living, m.dead = slices.Delete(m.living, i, i+1), append(m.dead, id)
	m.living = append(m.living, m.node(longLease))
	if len(m.living) < 2 {
		m.living = append(m.living, m.node(longLease))
	}
}

// recover gives back what dead nodes hold, as recovery does.
func (m *machine) recover(*rapid.T) {
	owing, err := m.store.DeadWithWork(m.ctx)
	m.ok(err)
	for _, id := range m.dead {
		want := []uuid.UUID{}
		for _, taskID := range m.order {
			if t := m.tasks[taskID]; t.status == task.Running && t.node == id {
				want = append(want, taskID)
			}
		}
		if slices.Contains(owing, id) != (len(want) > 0) {
			m.Fatalf("dead node %s owns %d tasks; listed: %v", id, len(want), len(want) == 0)
		}
		running, err := m.store.RunningOn(m.ctx, id, 1000)
		m.ok(err)
		m.same("running on the dead node", idsOf(running), want)
		for i := range running {
			m.release(m.tasks[running[i].ID])
		}
	}
	m.dead = nil
}

// release ends a dead node's attempt: back to pending, unless its end was asked
// for.
func (m *machine) release(t *modelTask) {
	item := settlement(t.stored(m.typ), task.Pending)
	item.Lapses, item.Event.Type = 1, event.TaskRecovered
	want := m.settled(t, &item)
	m.same("fate of the release", m.fixture.settle(item), want)
	if want == task.SettledCancel {
		item = settlement(t.stored(m.typ), task.Cancelled)
		want = m.settled(t, &item)
		m.same("fate of the cancellation", m.fixture.settle(item), want)
	}
}

// compare reads the store and compares it with the model. After a command that
// should have changed nothing it leaves that to the next time.
func (m *machine) compare(*rapid.T) {
	if len(m.touched) == 0 {
		return
	}
	stored := make(map[uuid.UUID]task.Task, len(m.order))
	ids := []uuid.UUID{}
	for filter := (task.Filter{Type: m.typ, From: m.began, Limit: 50}); ; {
		page, err := m.store.List(m.ctx, filter)
		m.ok(err)
		for i := range page.Tasks {
			stored[page.Tasks[i].ID] = page.Tasks[i]
			ids = append(ids, page.Tasks[i].ID)
		}
		if page.Next == uuid.Nil {
			break
		}
		filter.Before = page.Next
	}
	newest := slices.Clone(m.order)
	slices.Reverse(newest)
	m.same("the list of all tasks", ids, newest)
	for id, t := range m.tasks {
		m.compareTask(stored[id], t)
	}
	for _, id := range m.touched {
		m.wantTrail(id, m.tasks[id].trail...)
	}
	m.touched = nil
}

func (m *machine) compareTask(got task.Task, t *modelTask) {
	type facts struct {
		Status                   task.Status
		Attempt, Retries, Lapses int
		Asked                    bool
		Node                     uuid.UUID
		Events                   int
	}
	requests := 0
	if t.asked {
		requests = 1
	}
	m.same("the task",
		facts{got.Status, got.Attempt, got.RetryCount, got.LapseCount, got.CancelRequested, got.NodeID, len(t.trail)},
		facts{t.status, t.attempt, t.retries, t.lapses, t.asked, t.node, 1 + t.steps + requests})
}
