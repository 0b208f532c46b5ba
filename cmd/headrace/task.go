package main

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/sdk/client"
)

// How the task commands find their server.
const (
	envAddr  = "HEADRACE_ADDR"
	envToken = "HEADRACE_TOKEN"
)

func taskCommand() *cli.Command {
	return group("task", "submits and follows tasks", `These commands speak with the server that HEADRACE_ADDR names (a URL, such as
http://127.0.0.1:8080), with the key in HEADRACE_TOKEN.`,
		taskSubmitCommand(), taskGetCommand(), taskListCommand(), taskWaitCommand(), taskCancelCommand())
}

// connect makes a client of what the environment says.
func connect() (*client.Client, error) {
	addr, token := os.Getenv(envAddr), os.Getenv(envToken)
	if addr == "" {
		return nil, settingErrorf("%s is not set: it is the URL of the server, such as http://127.0.0.1:8080 (headrace dev prints it)", envAddr)
	}
	if token == "" {
		return nil, settingErrorf("%s is not set: it is your API key (headrace dev prints one, headrace key create makes one)", envToken)
	}
	c, err := client.New(addr, token)
	if err != nil {
		return nil, settingErrorf("%s: %w", envAddr, err)
	}
	return c, nil
}

// taskID reads an id as people may write it, and returns it as the API wants it.
func taskID(cmd *cli.Command, text string) (string, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return "", usageErrorf(cmd, "%q is not the id of a task", text)
	}
	return id.String(), nil
}

// taskAction is the action of a command about one task: it answers with the task.
func taskAction(do func(ctx context.Context, c *client.Client, id string) (client.Task, error)) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) error {
		args, err := arguments(cmd, "ID")
		if err != nil {
			return err
		}
		id, err := taskID(cmd, args[0])
		if err != nil {
			return err
		}
		c, err := connect()
		if err != nil {
			return err
		}
		t, err := do(ctx, c, id)
		if err != nil {
			return err
		}
		return printTask(cmd, t)
	}
}

func taskGetCommand() *cli.Command {
	return &cli.Command{
		Name: "get", Usage: "shows a task", ArgsUsage: "ID",
		Flags: []cli.Flag{outputFlag()},
		Action: taskAction(func(ctx context.Context, c *client.Client, id string) (client.Task, error) {
			return c.Get(ctx, id)
		}),
	}
}

func taskCancelCommand() *cli.Command {
	return &cli.Command{
		Name: "cancel", Usage: "cancels a task", ArgsUsage: "ID",
		Description: `A task that waits is cancelled at once. The end of one that runs is asked for: the
answer then shows it as running, and "task wait" tells when it has ended.`,
		Flags: []cli.Flag{outputFlag()},
		Action: taskAction(func(ctx context.Context, c *client.Client, id string) (client.Task, error) {
			return c.Cancel(ctx, id)
		}),
	}
}

// when reads a time: RFC 3339, or a duration that is added to now (sign 1) or
// taken from it (sign -1).
func when(cmd *cli.Command, flag string, sign time.Duration) (time.Time, error) {
	text := cmd.String(flag)
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return time.Now().Add(sign * d), nil
	}
	t, err := time.Parse(time.RFC3339, strings.ToUpper(text))
	if err != nil {
		return t, usageErrorf(cmd, "-%s %q must be a time such as 2030-01-02T03:04:05Z, or a duration such as 90m", flag, text)
	}
	return t, nil
}
