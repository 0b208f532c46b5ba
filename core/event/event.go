package event

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Event is one row of the audit log.
type Event struct {
	// ID is a UUIDv7, made before the transaction that writes the event.
	ID uuid.UUID
	// Type is a declared type.
	Type Type
	// Severity is the type's own unless the writer had a reason.
	Severity Severity
	// Timestamp is UTC, with the milliseconds that ID holds.
	Timestamp time.Time
	// Message is one sentence for people.
	Message string
	// Metadata is one JSON object.
	Metadata json.RawMessage
	// CorrelationID joins the events of one request; uuid.Nil: none.
	CorrelationID uuid.UUID
	// ParentID is the event that caused this one; uuid.Nil: none.
	ParentID uuid.UUID
}

// TaskMetadata is what every task event carries; the later fields only where
// they make sense for the type.
type TaskMetadata struct {
	TaskID   uuid.UUID `json:"taskId"`
	TaskType string    `json:"taskType"`
	Priority int       `json:"priority"`
	Attempt  int       `json:"attempt"`
	// NodeID is the node that ran the attempt; nil before the first.
	NodeID *uuid.UUID `json:"nodeId,omitempty"`
	// DurationMs is the time the attempt took, by the engine's clock.
	DurationMs *int64 `json:"durationMs,omitempty"`
	// Code is the error code of an attempt that failed.
	Code string `json:"code,omitempty"`
	// Reason says more than the code where there is more to say.
	Reason string `json:"reason,omitempty"`
	// RunAt is when the next attempt may start.
	RunAt *time.Time `json:"runAt,omitempty"`
	// UserID is who asked for it.
	UserID string `json:"userId,omitempty"`
	// RequestID is the X-Request-Id of the request that asked for it.
	RequestID string `json:"requestId,omitempty"`
}

// New makes an event of a declared type with its default severity. The
// metadata is any value that encodes to a JSON object; a value that does not
// is a defect of the caller and panics. An undeclared type is one too.
func New(t Type, message string, metadata any) Event {
	severity, ok := severities[t]
	if !ok {
		panic(fmt.Sprintf("event: type %q is not declared", t))
	}
	encoded, err := json.Marshal(metadata)
	if err != nil {
		panic(fmt.Sprintf("event: metadata of %s: %v", t, err))
	}
	id := uuid.Must(uuid.NewV7())
	return Event{
		ID: id, Type: t, Severity: severity, Timestamp: TimeOf(id),
		Message: message, Metadata: encoded,
	}
}

// TimeOf returns the time inside a UUIDv7: UTC, in milliseconds.
func TimeOf(id uuid.UUID) time.Time {
	ms := int64(id[0])<<40 | int64(id[1])<<32 | int64(id[2])<<24 | int64(id[3])<<16 | int64(id[4])<<8 | int64(id[5])
	return time.UnixMilli(ms).UTC()
}
