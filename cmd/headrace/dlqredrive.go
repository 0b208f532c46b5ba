package main

import (
	"context"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/sdk/client"
)

func dlqRedriveCommand() *cli.Command {
	return &cli.Command{
		Name: "redrive", Usage: "sends all dead letters of a filter back to the queue",
		Description: `The server does it, slowly, and goes on when this command is stopped. On a
terminal the progress is shown until the end. -stop ID stops a redrive.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "type", Usage: "only tasks of `TYPE`"},
			&cli.StringFlag{Name: "code", Usage: "only tasks that ended in `CODE`"},
			&cli.IntFlag{Name: "per-second", DefaultText: "that of the server", Usage: "`N` tasks a second"},
			&cli.BoolFlag{Name: "dry-run", Usage: "only say how many there are"},
			&cli.StringFlag{Name: "stop", Usage: "stop the redrive `ID`"},
			outputFlag(),
		},
		Action: redrive,
	}
}

func redrive(ctx context.Context, cmd *cli.Command) error {
	if _, err := arguments(cmd); err != nil {
		return err
	}
	if cmd.IsSet("per-second") && cmd.Int("per-second") < 1 {
		return usageErrorf(cmd, "-per-second must be at least 1")
	}
	c, err := connect()
	if err != nil {
		return err
	}
	filter := client.RedriveFilter{Type: cmd.String("type"), Code: cmd.String("code")}
	switch {
	case cmd.IsSet("stop"):
		return stopRedrive(ctx, cmd, c)
	case cmd.Bool("dry-run"):
		return countRedrive(ctx, cmd, c, filter)
	}
	started, err := c.StartRedrive(ctx, filter, cmd.Int("per-second"))
	if err != nil {
		return err
	}
	if isTerminal(cmd.Root().ErrWriter) {
		return followRedrive(ctx, cmd, c, started.ID.String())
	}
	if wantsJSON(cmd) {
		return printJSON(cmd, started)
	}
	return printf(cmd, "redrive %s of %d dead letters\n", started.ID, started.Matched)
}

func stopRedrive(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	id, err := taskID(cmd, cmd.String("stop"))
	if err != nil {
		return err
	}
	job, err := c.StopRedrive(ctx, id)
	if err != nil {
		return err
	}
	return printRedrive(cmd, job)
}

func countRedrive(ctx context.Context, cmd *cli.Command, c *client.Client, filter client.RedriveFilter) error {
	matched, err := c.CountRedrive(ctx, filter)
	if err != nil {
		return err
	}
	if wantsJSON(cmd) {
		return printJSON(cmd, map[string]int{"matched": matched})
	}
	return printf(cmd, "%d dead letters would be retried\n", matched)
}

// followRedrive shows the progress until the redrive is at its end.
func followRedrive(ctx context.Context, cmd *cli.Command, c *client.Client, id string) error {
	const look = 500 * time.Millisecond
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		job, err := c.Redrive(ctx, id)
		if err != nil {
			return err
		}
		if err := hintf(cmd, "\rredriven %d of %d, skipped %d ", job.Redriven, job.Matched, job.Skipped); err != nil {
			return err
		}
		if job.State != client.RedriveRunning {
			if err := hintf(cmd, "\n"); err != nil {
				return err
			}
			return printRedrive(cmd, job)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func printRedrive(cmd *cli.Command, job client.Redrive) error {
	if wantsJSON(cmd) {
		return printJSON(cmd, job)
	}
	return printf(cmd, "redrive %s is %s: redriven %d of %d, skipped %d\n", job.ID, printable(string(job.State)), job.Redriven, job.Matched, job.Skipped)
}
