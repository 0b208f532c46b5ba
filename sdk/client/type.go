package client

import (
	"context"
	"time"

	"github.com/headrace/headrace/sdk/client/rest"
)

// PauseType pauses a task type on all nodes, with a reason for whoever meets the
// pause; until is when it ends by itself, zero for never. A type that is paused
// already gets the new reason and end. It answers with the type as it is now.
func (c *Client) PauseType(ctx context.Context, name, reason string, until time.Time) (TaskType, error) {
	body, err := bodyOf(rest.PauseRequest{Reason: reason, Until: until})
	if err != nil {
		return TaskType{}, err
	}
	return read[TaskType](c.rest.PauseTypeWithBody(ctx, name, jsonType, body)) //nolint:bodyclose // read closes it
}

// ResumeType ends the pause of a task type; one that is not paused stays so.
func (c *Client) ResumeType(ctx context.Context, name string) (TaskType, error) {
	return read[TaskType](c.rest.ResumeType(ctx, name)) //nolint:bodyclose // read closes it
}
