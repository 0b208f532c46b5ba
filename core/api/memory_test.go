package api_test

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/node"
	"github.com/headrace/headrace/core/task"
)

// memory is a store that forgets, with the parts that the API and intake use.
type memory struct {
	mu       sync.Mutex
	tasks    map[uuid.UUID]task.Task
	events   []event.Event
	answers  map[string]*task.Idempotency
	failWith error
	// gate, when set, holds back inserts until it is closed; entered tells
	// that one waits.
	gate, entered chan struct{}
}

func newMemory() *memory {
	return &memory{tasks: map[uuid.UUID]task.Task{}, answers: map[string]*task.Idempotency{}}
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failWith = err
}

func (m *memory) put(t task.Task) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tasks[t.ID] = t
}

func (m *memory) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.tasks)
}

func (m *memory) Insert(_ context.Context, subs []task.Submission) ([]task.InsertResult, error) {
	if m.gate != nil {
		m.entered <- struct{}{}
		<-m.gate
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failWith != nil {
		return nil, m.failWith
	}
	results := make([]task.InsertResult, len(subs))
	ours := map[*task.Idempotency][]task.InsertResult{}
	for i := range subs {
		results[i] = m.insert(&subs[i], ours)
	}
	for memo, fates := range ours {
		memo.Status, memo.Body = memo.Render(fates)
		m.answers[memo.Principal+memo.Route+memo.Key] = memo
	}
	return results, nil
}

func (m *memory) insert(sub *task.Submission, ours map[*task.Idempotency][]task.InsertResult) (r task.InsertResult) {
	if memo := sub.Idempotency; memo != nil {
		if m.answers[memo.Principal+memo.Route+memo.Key] != nil {
			return task.InsertResult{Fate: task.KeyTaken}
		}
		defer func() { ours[memo] = append(ours[memo], r) }()
	}
	for _, other := range m.tasks {
		if sub.Task.UniqueKey != "" && other.UniqueKey == sub.Task.UniqueKey && other.Type == sub.Task.Type {
			return task.InsertResult{Fate: task.UniqueTaken, Holder: other.ID}
		}
	}
	m.tasks[sub.Task.ID] = sub.Task
	m.events = append(m.events, sub.Event)
	return task.InsertResult{}
}

func (m *memory) InsertAll(ctx context.Context, subs []task.Submission) ([]task.InsertResult, error) {
	results, err := m.Insert(ctx, subs)
	taken := slices.ContainsFunc(results, func(r task.InsertResult) bool { return r.Fate == task.UniqueTaken })
	if err != nil || !taken {
		return results, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range subs {
		if results[i].Fate == task.Inserted {
			delete(m.tasks, subs[i].Task.ID)
			results[i].Fate = task.NotInserted
		}
	}
	return results, nil
}

func (m *memory) Idempotent(_ context.Context, principal, route, key string) (*task.Idempotency, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.answers[principal+route+key], m.failWith
}

func (m *memory) Get(_ context.Context, id uuid.UUID) (task.Task, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tasks[id]
	return t, ok, m.failWith
}

func (m *memory) List(_ context.Context, f task.Filter) (page task.Page, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.tasks {
		if fits(&t, &f) {
			page.Tasks = append(page.Tasks, t)
		}
	}
	slices.SortFunc(page.Tasks, func(a, b task.Task) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	if len(page.Tasks) > f.Limit {
		page.Tasks = page.Tasks[:f.Limit]
		page.Next = page.Tasks[f.Limit-1].ID
	}
	return page, m.failWith
}

func fits(t *task.Task, f *task.Filter) bool {
	return (f.Type == "" || t.Type == f.Type) && (f.Status == nil || t.Status == *f.Status) &&
		(f.Priority == nil || t.Priority == *f.Priority) && (f.CreatedBy == "" || t.CreatedBy == f.CreatedBy) &&
		(f.Before == uuid.Nil || bytes.Compare(t.ID[:], f.Before[:]) < 0) &&
		!t.Created.Before(f.From) && (f.To.IsZero() || t.Created.Before(f.To)) &&
		(f.Metadata == nil || bytes.Contains(t.Metadata, []byte(f.Metadata["customer"])))
}

func (m *memory) Cancel(_ context.Context, req task.CancelRequest) (task.Task, task.CancelOutcome, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tasks[req.ID]
	outcome := task.CancelBefore
	switch {
	case !ok:
		return t, task.CancelUnknown, m.failWith
	case t.Status == task.Pending:
		t.Status, outcome = task.Cancelled, task.CancelDone
		m.events = append(m.events, req.Cancelled(&t))
	case t.Status == task.Running && !t.CancelRequested:
		t.CancelRequested, outcome = true, task.CancelAsked
		m.events = append(m.events, req.Asked(&t))
	case t.Status != task.Running && t.Status != task.Cancelled:
		outcome = task.CancelTooLate
	}
	m.tasks[t.ID] = t
	return t, outcome, m.failWith
}

func (m *memory) TaskEvents(_ context.Context, _, after uuid.UUID, limit int) (found []event.Event, next uuid.UUID, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.events {
		if bytes.Compare(e.ID[:], after[:]) > 0 {
			found = append(found, e)
		}
	}
	if len(found) > limit {
		return found[:limit], found[limit-1].ID, m.failWith
	}
	return found, uuid.Nil, m.failWith
}

// newTask makes a task of demo.echo that was created now.
func newTask(createdBy string) task.Task {
	id := task.NewID()
	return task.Task{
		ID: id, Type: "demo.echo", Priority: task.Medium, Created: task.CreatedAt(id), Updated: task.CreatedAt(id),
		CreatedBy: createdBy, CorrelationID: uuid.New(),
	}
}

// at is a time that tests write down.
func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

func (m *memory) Members(context.Context, int) ([]node.Member, error) {
	instant := time.Unix(1_893_553_445, 0).UTC()
	return []node.Member{
		{Info: node.Info{ID: uuid.Max, Name: "second", Version: "1.0.0", Started: instant, LeaseUntil: instant}, State: node.Alive, Running: 2, Leads: true},
		{Info: node.Info{ID: uuid.UUID{1}, Name: "first", Version: "1.0.0", Started: instant, LeaseUntil: instant, DeadAt: instant}, State: node.Gone},
	}, nil
}
