package main

import (
	"context"
	"strconv"

	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/sdk/client"
)

func dlqCommand() *cli.Command {
	return group("dlq", "looks after dead letters", `A dead letter is a task that was given up. These commands speak with the server
that HEADRACE_ADDR names, with the key in HEADRACE_TOKEN.`,
		dlqListCommand(), dlqGroupsCommand(), dlqRetryCommand(), dlqRedriveCommand(), dlqRemoveCommand(), dlqCleanupCommand())
}

func dlqListCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "lists dead letters, newest first",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "type", Usage: "only tasks of `TYPE`"},
			&cli.StringFlag{Name: "priority", Usage: "only tasks of priority `P`"},
			&cli.StringFlag{Name: "from", Usage: "only tasks created at `TIME` or later"},
			&cli.StringFlag{Name: "to", Usage: "only tasks created before `TIME`"},
			&cli.IntFlag{Name: "limit", DefaultText: "that of the server", Usage: "at most `N` tasks on a page, up to 1000"},
			&cli.StringFlag{Name: "cursor", Usage: "go on at `CURSOR`, the next_cursor of the page before"},
			outputFlag(),
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if _, err := arguments(cmd); err != nil {
				return err
			}
			filter, err := readFilter(cmd)
			if err != nil {
				return err
			}
			c, err := connect()
			if err != nil {
				return err
			}
			page, err := c.DeadLetters(ctx, filter)
			if err != nil {
				return err
			}
			return printPage(cmd, page)
		},
	}
}

func dlqGroupsCommand() *cli.Command {
	return &cli.Command{
		Name: "groups", Usage: "shows dead letters by kind of error, the most frequent first",
		Flags: []cli.Flag{outputFlag()},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if _, err := arguments(cmd); err != nil {
				return err
			}
			c, err := connect()
			if err != nil {
				return err
			}
			groups, err := c.DeadLetterGroups(ctx)
			if err != nil {
				return err
			}
			return printGroups(cmd, groups)
		},
	}
}

func printGroups(cmd *cli.Command, groups client.DeadLetterGroups) error {
	if wantsJSON(cmd) {
		return printJSON(cmd, groups)
	}
	rows := [][]string{{"COUNT", "TYPE", "CODE", "NEWEST", "FINGERPRINT", "MESSAGE"}}
	for i := range groups.Groups {
		g := &groups.Groups[i]
		rows = append(rows, []string{strconv.Itoa(g.Count), g.Type, g.Code, timeText(g.Newest), g.Fingerprint, short(g.Message)})
	}
	if err := printTable(cmd, rows); err != nil {
		return err
	}
	if groups.Partial {
		return hintf(cmd, "there are more dead letters than could be looked at\n")
	}
	return nil
}

func dlqRetryCommand() *cli.Command {
	return &cli.Command{
		Name: "retry", Usage: "sends dead letters back to the queue", ArgsUsage: "ID…",
		Flags: []cli.Flag{outputFlag()},
		Action: eachDeadLetter(func(ctx context.Context, cmd *cli.Command, c *client.Client, id string) error {
			t, err := c.RetryDeadLetter(ctx, id)
			if err != nil {
				return err
			}
			return printTask(cmd, t)
		}),
	}
}

func dlqRemoveCommand() *cli.Command {
	return &cli.Command{
		Name: "remove", Usage: "removes dead letters for good", ArgsUsage: "ID…",
		Action: eachDeadLetter(func(ctx context.Context, _ *cli.Command, c *client.Client, id string) error {
			return c.RemoveDeadLetter(ctx, id)
		}),
	}
}

// eachDeadLetter is the action of a command about some dead letters; all ids are
// read before the first is touched.
func eachDeadLetter(do func(ctx context.Context, cmd *cli.Command, c *client.Client, id string) error) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) error {
		if !cmd.Args().Present() {
			return usageErrorf(cmd, "ID is missing")
		}
		var ids []string
		for _, text := range cmd.Args().Slice() {
			id, err := taskID(cmd, text)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		c, err := connect()
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := do(ctx, cmd, c, id); err != nil {
				return err
			}
		}
		return nil
	}
}

func dlqCleanupCommand() *cli.Command {
	return &cli.Command{
		Name: "cleanup", Usage: "evicts dead letters that are too old or too many, now",
		Flags: []cli.Flag{outputFlag()},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if _, err := arguments(cmd); err != nil {
				return err
			}
			c, err := connect()
			if err != nil {
				return err
			}
			cleaned, err := c.CleanUpDeadLetters(ctx)
			if err != nil {
				return err
			}
			if wantsJSON(cmd) {
				return printJSON(cmd, cleaned)
			}
			return printf(cmd, "removed %d, remaining %d\n", cleaned.Removed, cleaned.Remaining)
		},
	}
}
