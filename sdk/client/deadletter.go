package client

import (
	"context"

	"github.com/headrace/headrace/sdk/client/rest"
)

// What the API says of dead letters.
type (
	// DeadLetterGroup is the dead letters of one kind of error.
	DeadLetterGroup = rest.DeadLetterGroup
	// DeadLetterGroups is all of them; Partial when some are missing.
	DeadLetterGroups = rest.DeadLetterGroups
	// Redrive is a job that retries all dead letters of a filter.
	Redrive = rest.Redrive
	// RedriveOrder asks for one; the zero value selects every dead letter.
	RedriveOrder = rest.RedriveOrder
	// RedriveFilter selects dead letters by type and code.
	RedriveFilter = rest.RedriveFilter
	// Started is a redrive that was accepted, with the number that it selects.
	Started = rest.RedriveAccepted
	// Cleanup is what a clean-up did.
	Cleanup = rest.Cleanup
)

// RedriveRunning is the state of a redrive that is not at its end.
const RedriveRunning = rest.RedriveStateRunning

// DeadLetters returns one page of dead letters, newest first. Status and
// Metadata of the filter are not used.
func (c *Client) DeadLetters(ctx context.Context, f Filter) (TaskPage, error) {
	return read[TaskPage](c.rest.ListDeadLetters(ctx, &rest.ListDeadLettersParams{ //nolint:bodyclose // read closes it
		Type: given(f.Type), Priority: given(f.Priority), Cursor: given(f.Cursor), Limit: given(f.Limit),
		From: given(timeText(f.From)), To: given(timeText(f.To)),
	}))
}

// DeadLetterGroups puts the dead letters together by kind of error.
func (c *Client) DeadLetterGroups(ctx context.Context) (DeadLetterGroups, error) {
	return read[DeadLetterGroups](c.rest.ListDeadLetterGroups(ctx)) //nolint:bodyclose // read closes it
}

// RetryDeadLetter sends one dead letter back to the queue.
func (c *Client) RetryDeadLetter(ctx context.Context, id string) (Task, error) {
	return read[Task](c.rest.RetryDeadLetter(ctx, id)) //nolint:bodyclose // read closes it
}

// RemoveDeadLetter deletes one dead letter.
func (c *Client) RemoveDeadLetter(ctx context.Context, id string) error {
	return readNothing(c.rest.RemoveDeadLetter(ctx, id))
}

// CleanUpDeadLetters evicts what is too old or too many, now.
func (c *Client) CleanUpDeadLetters(ctx context.Context) (Cleanup, error) {
	return read[Cleanup](c.rest.CleanUpDeadLetters(ctx)) //nolint:bodyclose // read closes it
}

// CountRedrive returns how many dead letters a redrive would retry.
func (c *Client) CountRedrive(ctx context.Context, filter RedriveFilter) (int, error) {
	started, err := c.redrive(ctx, RedriveOrder{Filter: filter, DryRun: true})
	return started.Matched, err
}

// StartRedrive retries all dead letters of a filter; perSecond 0 is the server's
// own pace. The redrive goes on by itself.
func (c *Client) StartRedrive(ctx context.Context, filter RedriveFilter, perSecond int) (Started, error) {
	return c.redrive(ctx, RedriveOrder{Filter: filter, PerSecond: perSecond})
}

func (c *Client) redrive(ctx context.Context, order RedriveOrder) (Started, error) {
	body, err := bodyOf(order)
	if err != nil {
		return Started{}, err
	}
	return read[Started](c.rest.StartRedriveWithBody(ctx, jsonType, body)) //nolint:bodyclose // read closes it
}

// Redrive returns how far a redrive is.
func (c *Client) Redrive(ctx context.Context, id string) (Redrive, error) {
	return read[Redrive](c.rest.GetRedrive(ctx, id)) //nolint:bodyclose // read closes it
}

// StopRedrive stops a redrive; what has gone back to the queue stays there.
func (c *Client) StopRedrive(ctx context.Context, id string) (Redrive, error) {
	return read[Redrive](c.rest.StopRedrive(ctx, id)) //nolint:bodyclose // read closes it
}
