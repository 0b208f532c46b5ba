package postgres

import (
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/headrace/headrace/core/task"
)

// taskRow receives the columns of livingColumns and endedColumns.
type taskRow struct {
	task                                         task.Task
	updated, runAt, started, completed, deadline pgtype.Timestamptz
	node, correlation                            pgtype.UUID
	uniqueKey                                    pgtype.Text
	failed                                       []byte
}

// targets are where the columns go, in their order.
func (r *taskRow) targets() []any {
	t := &r.task
	return []any{
		(*[16]byte)(&t.ID), &t.Type, (*int8)(&t.Status), (*int8)(&t.Priority), &t.Description,
		(*[]byte)(&t.Payload), (*[]byte)(&t.Metadata),
		&r.updated, &r.runAt, &r.started, &r.completed, &r.deadline,
		&t.RetryCount, &t.MaxRetries, &t.Attempt, &t.CrashCount, &t.LapseCount, &t.RedriveCount,
		&t.CancelRequested, &r.node, &r.uniqueKey, &r.correlation, &t.CreatedBy, &t.Traceparent,
		&r.failed, (*[]byte)(&t.Result),
	}
}

// finish fills in what the columns only imply.
func (r *taskRow) finish() (task.Task, error) {
	t := r.task
	t.Created = task.CreatedAt(t.ID)
	t.Updated, t.RunAt, t.StartedAt = timeOf(r.updated), timeOf(r.runAt), timeOf(r.started)
	t.CompletedAt, t.Deadline = timeOf(r.completed), timeOf(r.deadline)
	t.NodeID, t.CorrelationID, t.UniqueKey = r.node.Bytes, r.correlation.Bytes, r.uniqueKey.String
	if len(r.failed) > 0 {
		t.Error = new(task.Failure)
		if err := json.Unmarshal(r.failed, t.Error); err != nil {
			return task.Task{}, fmt.Errorf("task %s: decode error: %w", t.ID, err)
		}
	}
	return t, nil
}

// scanTask reads a task from a row.
func scanTask(row pgx.CollectableRow) (task.Task, error) {
	var r taskRow
	if err := row.Scan(r.targets()...); err != nil {
		return task.Task{}, fmt.Errorf("scan task: %w", err)
	}
	return r.finish()
}
