package main

import (
	"context"
	"strconv"

	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/sdk/client"
)

func typeCommand() *cli.Command {
	return group("type", "shows, pauses and resumes task types", `These commands speak with the server that HEADRACE_ADDR names (a URL, such as
http://127.0.0.1:8080), with the key in HEADRACE_TOKEN.`,
		typeListCommand(), typePauseCommand(), typeResumeCommand())
}

func typeListCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "lists the task types with their limits and state",
		Description: `What runs is counted on the node that answers; a pause holds on all nodes.`,
		Flags:       []cli.Flag{outputFlag()},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if _, err := arguments(cmd); err != nil {
				return err
			}
			c, err := connect()
			if err != nil {
				return err
			}
			types, err := c.Types(ctx)
			if err != nil {
				return err
			}
			return printTypes(cmd, types)
		},
	}
}

func typePauseCommand() *cli.Command {
	return &cli.Command{
		Name: "pause", Usage: "starts nothing of a type any more, on all nodes", ArgsUsage: "TYPE",
		Description: `What runs goes on, what is submitted waits. Repeated it changes the reason and the
end of the pause.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "reason", Required: true, Usage: "`TEXT` for whoever meets the pause"},
			&cli.StringFlag{Name: "until", Usage: "the pause ends by itself at `TIME` (2030-01-02T03:04:05Z), or after a duration (90m)"},
			outputFlag(),
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			until, err := when(cmd, "until", 1)
			if err != nil {
				return err
			}
			return typeAction(cmd, func(c *client.Client, name string) (client.TaskType, error) {
				return c.PauseType(ctx, name, cmd.String("reason"), until)
			})
		},
	}
}

func typeResumeCommand() *cli.Command {
	return &cli.Command{
		Name: "resume", Usage: "ends the pause of a type", ArgsUsage: "TYPE",
		Flags: []cli.Flag{outputFlag()},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			return typeAction(cmd, func(c *client.Client, name string) (client.TaskType, error) {
				return c.ResumeType(ctx, name)
			})
		},
	}
}

// typeAction does something with one type and shows it as it is afterwards.
func typeAction(cmd *cli.Command, do func(*client.Client, string) (client.TaskType, error)) error {
	args, err := arguments(cmd, "TYPE")
	if err != nil {
		return err
	}
	c, err := connect()
	if err != nil {
		return err
	}
	t, err := do(c, args[0])
	if err != nil {
		return err
	}
	if wantsJSON(cmd) {
		return printJSON(cmd, t)
	}
	return printTypes(cmd, []client.TaskType{t})
}

func printTypes(cmd *cli.Command, types []client.TaskType) error {
	if wantsJSON(cmd) {
		return printJSON(cmd, map[string][]client.TaskType{"types": types})
	}
	rows := [][]string{{"TYPE", "PLUGIN", "RUNNING", "PER NODE", "ALL NODES", "STATE"}}
	for i := range types {
		t := &types[i]
		rows = append(rows, []string{
			t.Name, t.Plugin, strconv.Itoa(t.Running), strconv.Itoa(t.Concurrency), limitText(t.MaxRunning), typeState(t),
		})
	}
	return printTable(cmd, rows)
}

// limitText is "-" for no limit.
func limitText(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

// typeState says in words whether a type is paused, and why.
func typeState(t *client.TaskType) string {
	if !t.Paused {
		return "active"
	}
	text := "paused by " + t.Pause.By + " since " + timeText(t.Pause.Since)
	if !t.Pause.Until.IsZero() {
		text += " until " + timeText(t.Pause.Until)
	}
	return text + ": " + short(t.Pause.Reason)
}
