package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/headrace/headrace/core/task"
)

// taskRow is a task on its way out of the database: the columns that are not
// simply a field.
type taskRow struct {
	task task.Task

	updated, runAt, started, completed, deadline sql.NullInt64

	uniqueKey                         sql.NullString
	metadata, failed, payload, result []byte
}

// scanTask reads the columns {living} or {ended}.
func scanTask(row scanner) (task.Task, error) {
	var r taskRow
	t := &r.task
	err := row.Scan(
		&t.ID, &t.Type, &t.Status, &t.Priority, &r.updated, &r.runAt, &r.started, &r.completed, &r.deadline,
		&t.RetryCount, &t.MaxRetries, &t.Attempt, &t.CrashCount, &t.LapseCount, &t.RedriveCount,
		&t.CancelRequested, &t.NodeID, &r.uniqueKey, &t.CorrelationID, &t.CreatedBy, &t.Traceparent,
		&t.Description, &r.metadata, &r.failed, &r.payload, &r.result,
	)
	if err != nil {
		return task.Task{}, fmt.Errorf("scan task: %w", err)
	}
	return r.finish()
}

// finish fills in what the columns only imply.
func (r *taskRow) finish() (task.Task, error) {
	t := r.task
	t.Created = task.CreatedAt(t.ID)
	t.Updated, t.RunAt, t.StartedAt = timeOf(r.updated), timeOf(r.runAt), timeOf(r.started)
	t.CompletedAt, t.Deadline = timeOf(r.completed), timeOf(r.deadline)
	t.UniqueKey = r.uniqueKey.String
	t.Metadata, t.Payload, t.Result = r.metadata, r.payload, r.result
	if len(r.failed) > 0 {
		t.Error = new(task.Failure)
		if err := json.Unmarshal(r.failed, t.Error); err != nil {
			return task.Task{}, fmt.Errorf("task %s: decode error: %w", t.ID, err)
		}
	}
	return t, nil
}

// insertArgs are the parameters of insert_task. It refuses what cannot be kept.
func insertArgs(t *task.Task) ([]any, error) {
	if err := checkTexts(t.Type, t.Description, t.UniqueKey, t.CreatedBy, t.Traceparent); err != nil {
		return nil, err
	}
	payload, err := document("payload", t.Payload)
	if err != nil {
		return nil, err
	}
	metadata, err := searchable("metadata", t.Metadata)
	if err != nil {
		return nil, err
	}
	failed, err := failure(t.Error)
	if err != nil {
		return nil, err
	}
	return []any{
		t.ID[:], t.Type, int64(t.Priority), readyAt(t), t.Updated.UnixMicro(),
		micros(t.RunAt), micros(t.StartedAt), micros(t.Deadline), int64(t.RetryCount), int64(t.MaxRetries),
		int64(t.Attempt), int64(t.CrashCount), int64(t.LapseCount), int64(t.RedriveCount),
		orNull(t.UniqueKey), idBytes(t.CorrelationID), t.CreatedBy, t.Traceparent, t.Description,
		metadata, failed, payload,
	}, nil
}

// readyAt is when a task may first be tried, in microseconds.
func readyAt(t *task.Task) int64 {
	created := task.CreatedAt(t.ID).UnixMicro()
	if t.RunAt.IsZero() {
		return created
	}
	return max(created, t.RunAt.UnixMicro())
}
