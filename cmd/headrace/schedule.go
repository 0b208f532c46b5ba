package main

import (
	"context"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/sdk/client"
)

func scheduleCommand() *cli.Command {
	return group("schedule", "shows, runs, pauses and resumes schedules", `A schedule makes a task at each time of a cron expression.`,
		&cli.Command{
			Name: "list", Usage: "lists the schedules with their next fire times",
			Flags: []cli.Flag{outputFlag()}, Action: listSchedules,
		},
		&cli.Command{
			Name: "run", Usage: "makes a task of a schedule at once", ArgsUsage: "NAME",
			Description: `Also when it is paused; its fire times go on as before.`,
			Flags:       []cli.Flag{outputFlag()}, Action: runSchedule,
		},
		&cli.Command{
			Name: "pause", Usage: "keeps a schedule from firing, on all nodes", ArgsUsage: "NAME",
			Flags: []cli.Flag{outputFlag()}, Action: scheduleAction((*client.Client).PauseSchedule),
		},
		&cli.Command{
			Name: "resume", Usage: "lets a schedule fire again", ArgsUsage: "NAME",
			Description: `Fire times that fell into the pause make no task.`,
			Flags:       []cli.Flag{outputFlag()}, Action: scheduleAction((*client.Client).ResumeSchedule),
		})
}

func listSchedules(ctx context.Context, cmd *cli.Command) error {
	if _, err := arguments(cmd); err != nil {
		return err
	}
	c, err := connect()
	if err != nil {
		return err
	}
	schedules, err := c.Schedules(ctx)
	if err != nil {
		return err
	}
	if wantsJSON(cmd) {
		return printJSON(cmd, map[string]any{"schedules": schedules})
	}
	return printSchedules(cmd, schedules)
}

func runSchedule(ctx context.Context, cmd *cli.Command) error {
	args, err := arguments(cmd, "NAME")
	if err != nil {
		return err
	}
	c, err := connect()
	if err != nil {
		return err
	}
	t, err := c.RunSchedule(ctx, args[0])
	if err != nil {
		return err
	}
	return printTask(cmd, t)
}

// scheduleAction changes one schedule and shows it as it is afterwards.
func scheduleAction(do func(*client.Client, context.Context, string) (client.Schedule, error)) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) error {
		args, err := arguments(cmd, "NAME")
		if err != nil {
			return err
		}
		c, err := connect()
		if err != nil {
			return err
		}
		s, err := do(c, ctx, args[0])
		if err != nil {
			return err
		}
		if wantsJSON(cmd) {
			return printJSON(cmd, s)
		}
		return printSchedules(cmd, []client.Schedule{s})
	}
}

func printSchedules(cmd *cli.Command, schedules []client.Schedule) error {
	rows := [][]string{{"NAME", "CRON", "ZONE", "TASK", "LAST", "NEXT", "STATE"}}
	for i := range schedules {
		s := &schedules[i]
		var next time.Time
		if len(s.Next) > 0 {
			next = s.Next[0]
		}
		state := "active"
		if s.Paused {
			state = "paused by " + s.PausedBy
		}
		rows = append(rows, []string{s.Name, s.Cron, s.TimeZone, s.Task, timeText(s.LastFire), timeText(next), state})
	}
	return printTable(cmd, rows)
}
