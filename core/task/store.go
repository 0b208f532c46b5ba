package task

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
)

// Submission is one task to insert, with the event that records it. The task
// has its ID, Created and Updated set; its status is Pending.
type Submission struct {
	Task  Task
	Event event.Event
	// Idempotency is set when the request carried an Idempotency-Key. All
	// submissions of one request share one value; the first one to be written
	// decides for all of them.
	Idempotency *Idempotency
}

// Idempotency remembers the answer to a request, so that a repeat gets the same.
type Idempotency struct {
	Principal, Route, Key string
	// RequestHash is the SHA-256 of the request's body.
	RequestHash []byte
	// Status and Body are the remembered answer.
	Status  int
	Body    []byte
	Expires time.Time
	// Render makes the answer from the fates of the request's submissions, in
	// their order. Insert calls it inside the transaction, right before the
	// commit; it must be quick and must not fail.
	Render func([]InsertResult) (status int, body []byte)
}

// Insertion is the fate of one submission.
type Insertion int8

const (
	// Inserted: the task is durable.
	Inserted Insertion = iota
	// UniqueTaken: another pending or running task of the type holds the
	// unique key.
	UniqueTaken
	// KeyTaken: the Idempotency-Key was used before; nothing was inserted.
	KeyTaken
	// NotInserted: a neighbour of an atomic request was refused.
	NotInserted
)

// InsertResult is the answer to one submission.
type InsertResult struct {
	Fate Insertion
	// Holder is the task that holds the unique key, for UniqueTaken; uuid.Nil
	// when it ended meanwhile.
	Holder uuid.UUID
}

// ClaimRequest asks for the right to run tasks.
type ClaimRequest struct {
	// Node is the claiming node; a node whose lease has ended gets nothing.
	Node uuid.UUID
	// IDs are hints; those that are not pending, due, before their deadline
	// and free of a cancel request do not come back.
	IDs []uuid.UUID
	// Started makes the event of a claim; nil: none is written.
	Started func(*Task) event.Event
}

// RunningLimit bounds the tasks of a type that run at the same time on all nodes.
type RunningLimit struct {
	Type string
	// Most is at least 1.
	Most int
}

// LimitedClaim is the answer to a claim under a limit.
type LimitedClaim struct {
	// Tasks are those claimed, in the order of the ids.
	Tasks []Task
	// Full: the limit is reached; what was not claimed may still be worth it later.
	Full bool
	// Busy: another node claims of the type at this moment; nothing was claimed.
	Busy bool
}

// Settlement is the end of one attempt, or the expiry of a pending task.
type Settlement struct {
	ID uuid.UUID
	// From and Attempt are the guard: they must be what the row still says.
	From    Status
	Attempt int
	// To is the new status; From.CanBecome(To) holds.
	To Status
	// RunAt is the earliest next attempt when To is Pending; zero: at once.
	RunAt time.Time
	// Result is set when To is Completed; it may be empty.
	Result json.RawMessage
	// Error is set unless To is Completed; for Pending it may be nil, and
	// then the stored error stays.
	Error *Failure
	// Retries, Crashes and Lapses are added to the counts of the task.
	Retries, Crashes, Lapses int
	// Event records the change; written only if the settlement holds.
	Event event.Event
}

// Settled is the fate of one settlement.
type Settled int8

const (
	// SettledNow: written, with its event.
	SettledNow Settled = iota
	// SettledLate: the row says something else by now; nothing was written.
	SettledLate
	// SettledCancel: the task would go back to pending, but a cancel was asked
	// for; nothing was written, and the attempt is still the caller's to settle.
	SettledCancel
)

// CancelOutcome says what a cancellation did.
type CancelOutcome int8

const (
	// CancelDone: the task was pending and is cancelled now.
	CancelDone CancelOutcome = iota
	// CancelAsked: the task runs, and its end is asked for now.
	CancelAsked
	// CancelBefore: the task was cancelled already, or its end asked for.
	CancelBefore
	// CancelTooLate: the task has ended otherwise, or is a dead letter.
	CancelTooLate
	// CancelUnknown: there is no such task.
	CancelUnknown
)

// CancelRequest asks for the end of one task.
type CancelRequest struct {
	ID uuid.UUID
	// Cancelled and Asked make the event for either end.
	Cancelled, Asked func(*Task) event.Event
}

// Filter selects tasks for a list; zero fields select everything.
type Filter struct {
	Type     string
	Status   *Status
	Priority *Priority
	// From is inclusive, To exclusive; both on Created, in milliseconds.
	From, To time.Time
	// Metadata holds keys with the text that their value must have. A value
	// that is not a string is compared by its JSON text.
	Metadata map[string]string
	// CreatedBy restricts to one submitter.
	CreatedBy string
	// Before is the cursor: only tasks with a smaller id. uuid.Nil: from the
	// newest.
	Before uuid.UUID
	// Limit is the size of a page, 1 to 1,000.
	Limit int
}

// Page is one page of a list, newest first.
type Page struct {
	Tasks []Task
	// Next is the cursor of the next page; uuid.Nil on the last one. A page
	// may be empty and still have a next one: the search had a time limit.
	Next uuid.UUID
}

// Hint is a task worth trying: what the queue holds of it.
type Hint struct {
	ID       uuid.UUID
	Type     string
	Priority Priority
	// Order is when the task became ready, in milliseconds since 1970; within
	// a priority the smaller goes first.
	Order int64
}

// HintOf returns the hint of a pending task.
func HintOf(t *Task) Hint {
	order := t.Created
	if t.RunAt.After(order) {
		order = t.RunAt
	}
	return Hint{ID: t.ID, Type: t.Type, Priority: t.Priority, Order: order.UnixMilli()}
}

// RefusedError says that the store refuses what a group holds: a value that it
// cannot keep, not a fault of the store. Nothing of the group was written. The
// caller halves the group until the bad item stands alone.
type RefusedError struct {
	Err error
}

// Error tells the cause.
func (e *RefusedError) Error() string { return "the store refuses the data: " + e.Err.Error() }

// Unwrap gives the cause.
func (e *RefusedError) Unwrap() error { return e.Err }
