package client

import (
	"context"
	"net/url"
	"time"

	"github.com/headrace/headrace/sdk/client/rest"
)

// The statuses of a task.
const (
	Pending    Status = "pending"
	Running    Status = "running"
	Completed  Status = "completed"
	Failed     Status = "failed"
	Cancelled  Status = "cancelled"
	DeadLetter Status = "dead_letter"
)

// Ended tells whether a task with the status runs no more unless somebody asks
// for it.
func Ended(s Status) bool { return s != Pending && s != Running }

// Submit submits a task; it is durable when Submit returns without an error.
func (c *Client) Submit(ctx context.Context, s Submission) (Task, error) {
	return c.submit(ctx, nil, s)
}

// SubmitOnce is Submit with an idempotency key: a repeat with the same key and
// the same submission within 24 hours makes no second task.
func (c *Client) SubmitOnce(ctx context.Context, key string, s Submission) (Task, error) {
	return c.submit(ctx, &rest.SubmitTaskParams{IdempotencyKey: &key}, s)
}

func (c *Client) submit(ctx context.Context, params *rest.SubmitTaskParams, s Submission) (Task, error) {
	body, err := bodyOf(s)
	if err != nil {
		return Task{}, err
	}
	return read[Task](c.rest.SubmitTaskWithBody(ctx, params, jsonType, body)) //nolint:bodyclose // read closes it
}

// SubmitBatch submits up to 1,000 tasks. Each has its own fate, in order.
func (c *Client) SubmitBatch(ctx context.Context, tasks []Submission) ([]BatchResult, error) {
	return c.submitBatch(ctx, rest.Batch{Tasks: tasks})
}

// SubmitAll submits up to 1,000 tasks; all are created, or none.
func (c *Client) SubmitAll(ctx context.Context, tasks []Submission) ([]BatchResult, error) {
	return c.submitBatch(ctx, rest.Batch{Tasks: tasks, Atomic: true})
}

func (c *Client) submitBatch(ctx context.Context, batch rest.Batch) ([]BatchResult, error) {
	body, err := bodyOf(batch)
	if err != nil {
		return nil, err
	}
	answer, err := read[rest.BatchResults](c.rest.SubmitBatchWithBody(ctx, nil, jsonType, body)) //nolint:bodyclose // read closes it
	return answer.Results, err
}

// Get returns one task.
func (c *Client) Get(ctx context.Context, id string) (Task, error) {
	return read[Task](c.rest.GetTask(ctx, id)) //nolint:bodyclose // read closes it
}

// Cancel cancels a pending task, or asks for the end of a running one: then
// CancelRequested is set in the answer.
func (c *Client) Cancel(ctx context.Context, id string) (Task, error) {
	return read[Task](c.rest.CancelTask(ctx, id)) //nolint:bodyclose // read closes it
}

// Events returns a page of the audit trail of a task, oldest first; cursor is ""
// for the first page, limit 0 for the server's own size.
func (c *Client) Events(ctx context.Context, id, cursor string, limit int) (EventPage, error) {
	return read[EventPage](c.rest.ListTaskEvents(ctx, id, &rest.ListTaskEventsParams{Cursor: given(cursor), Limit: given(limit)})) //nolint:bodyclose // read closes it
}

// Types lists the task types of the server.
func (c *Client) Types(ctx context.Context) ([]TaskType, error) {
	answer, err := read[rest.TypeList](c.rest.ListTypes(ctx)) //nolint:bodyclose // read closes it
	return answer.Types, err
}

// Filter selects tasks for a list; zero fields select everything.
type Filter struct {
	Type   string
	Status Status
	// Priority is the number or the name.
	Priority string
	// From is inclusive, To exclusive; both on the time of creation.
	From, To time.Time
	// Metadata holds keys with the text that their value must have.
	Metadata map[string]string
	// Cursor is the NextCursor of the page before.
	Cursor string
	// Limit is the size of the page; 0: the server's own.
	Limit int
}

// List returns one page of tasks, newest first.
func (c *Client) List(ctx context.Context, f Filter) (TaskPage, error) {
	params := &rest.ListTasksParams{
		Type: given(f.Type), Status: given(f.Status), Priority: given(f.Priority), Cursor: given(f.Cursor), Limit: given(f.Limit),
		From: given(timeText(f.From)), To: given(timeText(f.To)),
	}
	if len(f.Metadata) > 0 {
		metadata := make(map[string]string, len(f.Metadata))
		for key, value := range f.Metadata {
			metadata["metadata."+url.QueryEscape(key)] = value // the generated code escapes values only
		}
		params.Metadata = &metadata
	}
	return read[TaskPage](c.rest.ListTasks(ctx, params)) //nolint:bodyclose // read closes it
}

// given leaves zero values out of a query.
func given[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// The pace of Wait: quick at first, since most tasks take milliseconds.
const (
	firstLook = 10 * time.Millisecond
	lastLook  = time.Second
)

// Wait asks for a task until it has ended (see Ended) or ctx has. It goes on
// when the server is away for a while; then the error of ctx wins.
func (c *Client) Wait(ctx context.Context, id string) (Task, error) {
	pause := firstLook
	for {
		t, err := c.Get(ctx, id)
		switch {
		case ctx.Err() != nil:
			return t, context.Cause(ctx)
		case err != nil && !passing(err):
			return t, err
		case err == nil && Ended(t.Status):
			return t, nil
		}
		pause = min(2*pause, lastLook)
		select {
		case <-time.After(max(pause, retryOf(err))):
		case <-ctx.Done():
			return t, context.Cause(ctx)
		}
	}
}
