package intake

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

// Item is one task as its submitter describes it, well formed but unchecked.
type Item struct {
	Type string
	// Payload is one JSON document; empty: {}.
	Payload json.RawMessage
	// Priority is nil for the default, MEDIUM.
	Priority    *task.Priority
	Description string
	// Metadata is one JSON object; empty: none.
	Metadata json.RawMessage
	// RunAt and Deadline are zero when not given.
	RunAt, Deadline time.Time
	// MaxRetries is nil for the type's own.
	MaxRetries *int
	UniqueKey  string
}

// Origin says where a request comes from.
type Origin struct {
	// Principal is who asks, as auth names it.
	Principal     string
	CorrelationID uuid.UUID
	// Traceparent is the W3C trace context; may be empty.
	Traceparent string
	RequestID   string
}

// Batch is what one request submits: tasks that Prepare made.
type Batch struct {
	Tasks  []task.Task
	Origin Origin
	// Atomic: all are inserted, or none.
	Atomic bool
	// Idempotency is nil when the request carried no Idempotency-Key.
	Idempotency *task.Idempotency
}

// Result is the fate of one task of a batch: the task, or why it was refused.
type Result struct {
	Task task.Task
	Err  *fault.Error
}
