package main

import (
	"context"
	"strconv"

	"github.com/urfave/cli/v3"
)

func nodeCommand() *cli.Command {
	return group("node", "shows the engines that share the storage", "", &cli.Command{
		Name: "list", Usage: "lists the nodes that live, hold tasks, or went in the last day, newest first",
		Flags:  []cli.Flag{outputFlag()},
		Action: listNodes,
	})
}

func listNodes(ctx context.Context, cmd *cli.Command) error {
	if _, err := arguments(cmd); err != nil {
		return err
	}
	c, err := connect()
	if err != nil {
		return err
	}
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return err
	}
	if wantsJSON(cmd) {
		return printJSON(cmd, map[string]any{"nodes": nodes})
	}
	rows := [][]string{{"ID", "NAME", "VERSION", "STATE", "LEADER", "RUNNING", "STARTED", "CONFIG"}}
	for _, n := range nodes {
		leads := ""
		if n.Leader {
			leads = "yes"
		}
		rows = append(rows, []string{
			n.ID.String(), n.Name, n.Version, string(n.State), leads, strconv.Itoa(n.Running), timeText(n.Started), n.ConfigHash,
		})
	}
	return printTable(cmd, rows)
}
