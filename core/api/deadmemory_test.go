package api_test

import (
	"context"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/deadletter"
	"github.com/headrace/headrace/core/task"
)

// aRedrive is the one job that memory knows.
const aRedrive = "019abf3e-7a50-7c61-9f0e-2b1c7f3b9a12"

func (m *memory) Retry(_ context.Context, id uuid.UUID, _ deadletter.Asker) (task.Task, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tasks[id]
	switch {
	case !ok:
		return t, deadletter.ErrUnknown
	case t.Status != task.DeadLetter:
		return t, &deadletter.NotDeadError{Status: t.Status}
	case t.UniqueKey != "":
		return t, &deadletter.UniqueTakenError{Holder: uuid.MustParse(aTaskID)}
	}
	t.Status = task.Pending
	m.tasks[id] = t
	return t, nil
}

func (m *memory) Remove(_ context.Context, id uuid.UUID, _ deadletter.Asker) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tasks[id]
	switch {
	case !ok:
		return deadletter.ErrUnknown
	case t.Status != task.DeadLetter:
		return &deadletter.NotDeadError{Status: t.Status}
	}
	delete(m.tasks, id)
	return nil
}

func (*memory) Groups(context.Context) (deadletter.Groups, error) {
	return deadletter.Groups{Partial: true, List: []deadletter.Group{{Fingerprint: "f", Type: "demo.echo", Code: "not_found", Count: 2}}}, nil
}

func (*memory) Count(context.Context, deadletter.Filter) (int64, error) { return 7, nil }

func (*memory) Start(_ context.Context, f deadletter.Filter, perSecond int, by deadletter.Asker) (deadletter.Job, error) {
	if perSecond == 1 {
		return deadletter.Job{}, deadletter.ErrBusy
	}
	return deadletter.Job{ID: uuid.MustParse(aRedrive), Filter: f, Matched: 7, CreatedBy: by.Principal}, nil
}

func (*memory) Job(_ context.Context, id uuid.UUID) (deadletter.Job, error) {
	if id.String() != aRedrive {
		return deadletter.Job{}, deadletter.ErrUnknown
	}
	return deadletter.Job{ID: id, Matched: 7, Redriven: 3, PerSecond: 5, Filter: deadletter.Filter{Type: "demo.echo"}}, nil
}

func (m *memory) Stop(ctx context.Context, id uuid.UUID, _ deadletter.Asker) (deadletter.Job, error) {
	return m.Job(ctx, id)
}

func (*memory) Clean(context.Context, deadletter.Asker) (deadletter.Cleaned, error) {
	return deadletter.Cleaned{Removed: 2, Remaining: 5}, nil
}
