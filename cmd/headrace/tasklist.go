package main

import (
	"context"
	"strconv"

	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/sdk/client"
)

func taskListCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "lists tasks, newest first",
		Description: `Without -all one page is shown; where it goes on is said on standard error, and
with -o json in next_cursor.

Times are RFC 3339 (2030-01-02T03:04:05Z), or durations before now (90m).`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "type", Usage: "only tasks of `TYPE`"},
			&cli.StringFlag{Name: "status", Usage: "only tasks in `STATUS`: pending, running, completed, failed, cancelled, dead_letter"},
			&cli.StringFlag{Name: "priority", Usage: "only tasks of priority `P`"},
			&cli.StringFlag{Name: "from", Usage: "only tasks created at `TIME` or later"},
			&cli.StringFlag{Name: "to", Usage: "only tasks created before `TIME`"},
			&cli.StringSliceFlag{Name: "metadata", Usage: "only tasks with this `KEY=VALUE`; may be repeated"},
			&cli.IntFlag{Name: "limit", DefaultText: "that of the server", Usage: "at most `N` tasks on a page, up to 1000"},
			&cli.StringFlag{Name: "cursor", Usage: "go on at `CURSOR`, the next_cursor of the page before"},
			&cli.BoolFlag{Name: "all", Usage: "all pages"},
			outputFlag(),
		},
		Action: listTasks,
	}
}

func listTasks(ctx context.Context, cmd *cli.Command) error {
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
	page, err := c.List(ctx, filter)
	if err != nil {
		return err
	}
	if cmd.Bool("all") {
		page, err = following(ctx, c, filter, page)
		if err != nil {
			return err
		}
	}
	return printPage(cmd, page)
}

func readFilter(cmd *cli.Command) (filter client.Filter, err error) {
	filter = client.Filter{
		Type: cmd.String("type"), Status: client.Status(cmd.String("status")), Priority: cmd.String("priority"),
		Cursor: cmd.String("cursor"), Limit: cmd.Int("limit"),
	}
	if cmd.IsSet("limit") && filter.Limit < 1 {
		return filter, usageErrorf(cmd, "-limit must be at least 1")
	}
	if filter.Metadata, err = pairs(cmd, "metadata"); err != nil {
		return filter, err
	}
	if filter.From, err = when(cmd, "from", -1); err != nil {
		return filter, err
	}
	filter.To, err = when(cmd, "to", -1)
	return filter, err
}

// following adds the pages behind a page to it.
func following(ctx context.Context, c *client.Client, filter client.Filter, page client.TaskPage) (client.TaskPage, error) {
	all := page
	for page.NextCursor != "" {
		filter.Cursor = page.NextCursor
		var err error
		if page, err = c.List(ctx, filter); err != nil {
			return all, err
		}
		all.Tasks = append(all.Tasks, page.Tasks...)
	}
	all.NextCursor = ""
	return all, nil
}

func printPage(cmd *cli.Command, page client.TaskPage) error {
	if wantsJSON(cmd) {
		if page.Tasks == nil {
			page.Tasks = []client.Task{}
		}
		return printJSON(cmd, page)
	}
	rows := [][]string{{"ID", "TYPE", "STATUS", "PRIORITY", "ATTEMPT", "CREATED", "NOTE"}}
	for i := range page.Tasks {
		t := &page.Tasks[i]
		rows = append(rows, []string{
			t.ID.String(), t.Type, string(t.Status), priorityName(t.Priority), strconv.Itoa(t.Attempt), timeText(t.Created), note(t),
		})
	}
	if err := printTable(cmd, rows); err != nil {
		return err
	}
	if page.NextCursor != "" {
		return hintf(cmd, "there is more: -cursor %s, or -all\n", printable(page.NextCursor))
	}
	return nil
}
