package client

import (
	"context"

	"github.com/headrace/headrace/sdk/client/rest"
)

// Schedules lists the schedules by name.
func (c *Client) Schedules(ctx context.Context) ([]Schedule, error) {
	answer, err := read[rest.ScheduleList](c.rest.ListSchedules(ctx)) //nolint:bodyclose // read closes it
	return answer.Schedules, err
}

// RunSchedule makes a task of a schedule at once.
func (c *Client) RunSchedule(ctx context.Context, name string) (Task, error) {
	return read[Task](c.rest.RunSchedule(ctx, name)) //nolint:bodyclose // read closes it
}

// PauseSchedule keeps a schedule from firing; one that is paused stays so.
func (c *Client) PauseSchedule(ctx context.Context, name string) (Schedule, error) {
	return read[Schedule](c.rest.PauseSchedule(ctx, name)) //nolint:bodyclose // read closes it
}

// ResumeSchedule lets a schedule fire again; what fell into the pause does not.
func (c *Client) ResumeSchedule(ctx context.Context, name string) (Schedule, error) {
	return read[Schedule](c.rest.ResumeSchedule(ctx, name)) //nolint:bodyclose // read closes it
}
