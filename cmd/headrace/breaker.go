package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/sdk/client"
)

func breakerCommand() *cli.Command {
	return group("breaker", "shows and resets circuit breakers", `A breaker is called as its task type, or ch. and the name of its channel.`,
		&cli.Command{
			Name: "list", Usage: "lists the circuit breakers",
			Flags: []cli.Flag{outputFlag()}, Action: listBreakers,
		},
		&cli.Command{
			Name: "reset", Usage: "closes a circuit breaker", ArgsUsage: "NAME",
			Description: `It forgets what it has counted, and its tasks run again.`,
			Flags:       []cli.Flag{outputFlag()}, Action: resetBreaker,
		})
}

func listBreakers(ctx context.Context, cmd *cli.Command) error {
	if _, err := arguments(cmd); err != nil {
		return err
	}
	c, err := connect()
	if err != nil {
		return err
	}
	breakers, err := c.Breakers(ctx)
	if err != nil {
		return err
	}
	if wantsJSON(cmd) {
		return printJSON(cmd, map[string]any{"breakers": breakers})
	}
	return printBreakers(cmd, breakers)
}

func resetBreaker(ctx context.Context, cmd *cli.Command) error {
	args, err := arguments(cmd, "NAME")
	if err != nil {
		return err
	}
	c, err := connect()
	if err != nil {
		return err
	}
	b, err := c.ResetBreaker(ctx, args[0])
	if err != nil {
		return err
	}
	if wantsJSON(cmd) {
		return printJSON(cmd, b)
	}
	return printBreakers(cmd, []client.Breaker{b})
}

func printBreakers(cmd *cli.Command, breakers []client.Breaker) error {
	rows := [][]string{{"NAME", "KIND", "STATE", "SINCE", "NOTE"}}
	for i := range breakers {
		b := &breakers[i]
		rows = append(rows, []string{b.Name, string(b.Kind), string(b.State), timeText(b.Since), breakerNote(b)})
	}
	return printTable(cmd, rows)
}

func breakerNote(b *client.Breaker) string {
	note := ""
	if b.Failures > 0 {
		note = fmt.Sprintf("%d of %d calls failed", b.Failures, b.Calls)
	}
	if b.Local {
		note += " (redis is away: this node's own state)"
	}
	return note
}
