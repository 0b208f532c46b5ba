package main

import (
	"context"
	"errors"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/sdk/client"
)

// errTimeUp ends a wait whose time is over.
var errTimeUp = errors.New("the time to wait is up")

func taskWaitCommand() *cli.Command {
	return &cli.Command{
		Name: "wait", Usage: "waits until tasks have ended and shows them", ArgsUsage: "ID…",
		Description: `Exit codes: 0 completed, 4 failed, 5 dead_letter, 6 cancelled, 7 the time was up
before, 1 any error, 2 bad usage. With several tasks it is that of the first one,
in their order, that is not 0; the time is for all of them together. A task whose
time was up is shown as it stands.`,
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "timeout", DefaultText: "no limit", Usage: "the longest `TIME` to wait, such as 30s"},
			outputFlag(),
		},
		Action: waitTasks,
	}
}

func waitTasks(ctx context.Context, cmd *cli.Command) error {
	if !cmd.Args().Present() {
		return usageErrorf(cmd, "ID is missing")
	}
	var w waiting
	for _, text := range cmd.Args().Slice() {
		id, err := taskID(cmd, text)
		if err != nil {
			return err
		}
		w.ids = append(w.ids, id)
	}
	var err error
	if w.limit, err = waitLimit(cmd); err != nil {
		return err
	}
	c, err := connect()
	if err != nil {
		return err
	}
	return waitFor(ctx, cmd, c, w)
}

// waitLimit reads -timeout; 0 is no limit.
func waitLimit(cmd *cli.Command) (time.Duration, error) {
	limit := cmd.Duration("timeout")
	if cmd.IsSet("timeout") && limit <= 0 {
		return 0, usageErrorf(cmd, "-timeout must be more than 0, such as 30s")
	}
	return limit, nil
}

// waiting is what to wait for.
type waiting struct {
	ids []string
	// limit is for all of them together; 0: none.
	limit time.Duration
}

// waitFor shows each task when it has ended and returns the first exit code that
// is not 0.
func waitFor(ctx context.Context, cmd *cli.Command, c *client.Client, w waiting) error {
	limited, cancel := ctx, func() {}
	if w.limit > 0 {
		limited, cancel = context.WithTimeoutCause(ctx, w.limit, errTimeUp)
	}
	defer cancel()
	code := exitDone
	for _, id := range w.ids {
		t, err := c.Get(ctx, id) // a server that is away, or an unknown id, is told at once
		if err != nil {
			return err
		}
		if !client.Ended(t.Status) {
			if t, err = await(ctx, limited, c, id); err != nil {
				return err
			}
		}
		if err := printTask(cmd, t); err != nil {
			return err
		}
		if code == exitDone {
			code = statusCode(t.Status)
		}
	}
	if code == exitTimedOut {
		return &exitCodeError{code: code, err: errTimeUp}
	}
	return exitWith(code)
}

// await waits within the limit, and shows the task as it stands when that is over.
func await(ctx, limited context.Context, c *client.Client, id string) (client.Task, error) {
	t, err := c.Wait(limited, id)
	if errors.Is(err, errTimeUp) {
		return c.Get(ctx, id)
	}
	return t, err
}

// statusCode is the exit code for a task that is no longer waited for.
func statusCode(status client.Status) int {
	switch status {
	case client.Completed:
		return exitDone
	case client.Failed:
		return exitFailed
	case client.DeadLetter:
		return exitDeadLetter
	case client.Cancelled:
		return exitCancelled
	default: // it has not ended
		return exitTimedOut
	}
}
