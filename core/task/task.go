package task

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/sdk/fault"
)

// Task is one task with all that is known of it. A zero time means "not set",
// an empty raw message "none".
type Task struct {
	// ID is a UUIDv7; it holds Created.
	ID uuid.UUID
	// Type names a task block of the configuration.
	Type     string
	Status   Status
	Priority Priority

	Description string
	// Payload is one JSON document, kept to the letter.
	Payload json.RawMessage
	// Metadata is one JSON object of the submitter's own.
	Metadata json.RawMessage

	Created, Updated time.Time
	// RunAt: not before.
	RunAt time.Time
	// StartedAt is the start of the newest attempt.
	StartedAt   time.Time
	CompletedAt time.Time
	// Deadline: not after.
	Deadline time.Time

	// RetryCount counts the retries spent since the submission or the redrive.
	RetryCount int
	MaxRetries int
	// Attempt rises with every claim and is never reset: with ID it is the
	// fence that every later write has to show.
	Attempt int
	// CrashCount counts deaths of the plugin process during an attempt.
	CrashCount int
	// LapseCount counts lapsed leases of a node during an attempt.
	LapseCount   int
	RedriveCount int

	CancelRequested bool
	// NodeID is the owner while running; uuid.Nil otherwise.
	NodeID uuid.UUID

	UniqueKey     string
	CorrelationID uuid.UUID
	// CreatedBy is the principal that submitted it.
	CreatedBy string
	// Traceparent is the W3C trace context of the submission.
	Traceparent string

	// Error is the newest failure.
	Error *Failure
	// Result is one JSON document.
	Result json.RawMessage
}

// Failure is an error as it is stored and shown.
type Failure struct {
	Code    fault.Code      `json:"code"`
	Message string          `json:"message"`
	Details json.RawMessage `json:"details,omitempty"`
}

// NewID returns an id for a task that is created now.
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// CreatedAt returns the time inside an id: UTC, in milliseconds.
func CreatedAt(id uuid.UUID) time.Time { return event.TimeOf(id) }

// EventMetadata returns what every event about t carries.
func (t *Task) EventMetadata() event.TaskMetadata {
	m := event.TaskMetadata{TaskID: t.ID, TaskType: t.Type, Priority: int(t.Priority), Attempt: t.Attempt}
	if t.NodeID != uuid.Nil {
		node := t.NodeID
		m.NodeID = &node
	}
	return m
}

// Event makes an event about t, in the chain of the request that submitted it.
func (t *Task) Event(kind event.Type, message string, metadata event.TaskMetadata) event.Event {
	e := event.New(kind, message, metadata)
	e.CorrelationID = t.CorrelationID
	return e
}
