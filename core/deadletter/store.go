package deadletter

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// Outcome is what became of a wish about one dead letter.
type Outcome int8

const (
	// Done: it was carried out, with its event.
	Done Outcome = iota
	// Unknown: there is no such task.
	Unknown
	// NotDead: the task is no dead letter (any more).
	NotDead
	// UniqueTaken: another pending or running task of the type holds the unique
	// key.
	UniqueTaken
)

// Change is a wish about one dead letter.
type Change struct {
	ID uuid.UUID
	// Event records it; called with the task as it was before.
	Event func(*task.Task) event.Event
}

// Changed is the answer to a Change.
type Changed struct {
	Outcome Outcome
	// Task is as it stands now; for NotDead as it is instead.
	Task task.Task
	// Holder has the unique key, for UniqueTaken; uuid.Nil when it ended meanwhile.
	Holder uuid.UUID
}

// Brief is the part of a dead letter that groups are made of.
type Brief struct {
	ID            uuid.UUID
	Type          string
	Code, Message string
	// Died is when the task was given up.
	Died time.Time
}

// DeskStore is what people's wishes need of the store.
type DeskStore interface {
	// Redrive turns one dead letter into a pending task.
	Redrive(ctx context.Context, c Change) (Changed, error)
	// RemoveDead deletes one dead letter.
	RemoveDead(ctx context.Context, c Change) (Changed, error)
	// DeadBriefs lists dead letters with a smaller id than before, newest first;
	// uuid.Nil: from the newest.
	DeadBriefs(ctx context.Context, before uuid.UUID, limit int) ([]Brief, error)
	// CountDead counts the dead letters of a filter.
	CountDead(ctx context.Context, f Filter) (int64, error)
	// CreateRedrive stores a job with its event and returns it with what the store
	// fills in: Created, Matched. ok is false when most jobs run already.
	CreateRedrive(ctx context.Context, job Job, most int, ev func(Job) event.Event) (created Job, ok bool, err error)
	// RedriveJob finds a job.
	RedriveJob(ctx context.Context, id uuid.UUID) (job Job, found bool, err error)
	// StopRedrive ends a running job with its event; one that has ended stays as
	// it is, without an event.
	StopRedrive(ctx context.Context, id uuid.UUID, ev func(Job) event.Event) (job Job, found bool, err error)
}

// RunnerStore is what the work on redrives needs of the store.
type RunnerStore interface {
	// RunningRedrives lists the jobs that are not at their end, oldest first.
	RunningRedrives(ctx context.Context) ([]uuid.UUID, error)
	// StepRedrive takes the next dead letters of a job: tasks, position, counts and
	// events in one transaction that holds the job's row.
	StepRedrive(ctx context.Context, req StepRequest) (Step, error)
}

// RetrierStore is what the automatic retry needs of the store.
type RetrierStore interface {
	// RetryDead redrives up to most dead letters that have been redriven less than
	// limit times and were given up backoff × 2ⁿ ago, n being their redrives so
	// far. Those whose unique key is held are passed over.
	RetryDead(ctx context.Context, limit int, backoff time.Duration, most int, ev func(*task.Task) event.Event) ([]task.Task, error)
}

// CleanerStore is what the clean-up needs of the store.
type CleanerStore interface {
	CountDead(ctx context.Context, f Filter) (int64, error)
	// DeadOlder lists dead letters that were given up longer ago than age, by the
	// store's clock, the oldest first.
	DeadOlder(ctx context.Context, age time.Duration, limit int) ([]task.Task, error)
	// DeadBeyond lists the oldest of the dead letters that are more than most.
	DeadBeyond(ctx context.Context, most int64, limit int) ([]task.Task, error)
	// EvictDead deletes dead letters that still are as they are given, each with
	// its event, and writes the further events if any was deleted.
	EvictDead(ctx context.Context, tasks []task.Task, ev func(*task.Task) event.Event, further []event.Event) (removed int, err error)
	// ForgetRedrives deletes jobs that ended longer ago than age.
	ForgetRedrives(ctx context.Context, age time.Duration) error
}

// Offers takes hints without waiting.
type Offers interface {
	Offer(hints []task.Hint)
}

// offer tells the queue of tasks that were redriven.
func offer(offers Offers, tasks ...task.Task) {
	hints := make([]task.Hint, len(tasks))
	for i := range tasks {
		hints[i] = task.HintOf(&tasks[i])
	}
	offers.Offer(hints)
}
