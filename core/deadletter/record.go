package deadletter

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/archive"
	"github.com/headrace/headrace/core/task"
)

// record is a dead letter in the archive: all that its row holds, under the
// names that the API uses.
type record struct {
	ID              uuid.UUID       `json:"id"`
	Type            string          `json:"type"`
	Status          string          `json:"status"`
	Priority        int             `json:"priority"`
	Description     string          `json:"description,omitempty"`
	Payload         json.RawMessage `json:"payload,omitempty"`
	Metadata        json.RawMessage `json:"metadata,omitempty"`
	Created         time.Time       `json:"created"`
	Updated         time.Time       `json:"updated"`
	RunAt           time.Time       `json:"run_at,omitzero"`
	StartedAt       time.Time       `json:"started_at,omitzero"`
	Deadline        time.Time       `json:"deadline,omitzero"`
	RetryCount      int             `json:"retry_count"`
	MaxRetries      int             `json:"max_retries"`
	Attempt         int             `json:"attempt"`
	CrashCount      int             `json:"crash_count,omitempty"`
	LapseCount      int             `json:"lapse_count,omitempty"`
	RedriveCount    int             `json:"redrive_count,omitempty"`
	CancelRequested bool            `json:"cancel_requested,omitempty"`
	UniqueKey       string          `json:"unique_key,omitempty"`
	CorrelationID   uuid.UUID       `json:"correlation_id,omitzero"`
	CreatedBy       string          `json:"created_by,omitempty"`
	Traceparent     string          `json:"traceparent,omitempty"`
	Error           *task.Failure   `json:"error,omitempty"`
}

// batchOf makes the archive's batch of dead letters.
func batchOf(tasks []task.Task) (archive.Batch, error) {
	b := archive.Batch{Kind: archive.DeadLetters, Records: make([]json.RawMessage, len(tasks))}
	for i := range tasks {
		t := &tasks[i]
		text, err := json.Marshal(record{
			ID: t.ID, Type: t.Type, Status: t.Status.String(), Priority: int(t.Priority), Description: t.Description,
			Payload: t.Payload, Metadata: t.Metadata, Created: t.Created, Updated: t.Updated, RunAt: t.RunAt,
			StartedAt: t.StartedAt, Deadline: t.Deadline, RetryCount: t.RetryCount, MaxRetries: t.MaxRetries,
			Attempt: t.Attempt, CrashCount: t.CrashCount, LapseCount: t.LapseCount, RedriveCount: t.RedriveCount,
			CancelRequested: t.CancelRequested, UniqueKey: t.UniqueKey, CorrelationID: t.CorrelationID,
			CreatedBy: t.CreatedBy, Traceparent: t.Traceparent, Error: t.Error,
		})
		if err != nil {
			return b, fmt.Errorf("task %s for the archive: %w", t.ID, err)
		}
		b.Records[i] = text
	}
	return b, nil
}
