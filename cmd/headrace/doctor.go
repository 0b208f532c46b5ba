package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/core/app"
	"github.com/headrace/headrace/core/invariant"
)

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name: "doctor", Usage: "looks for what is wrong around a node",
		Description: `It looks at the servers that the configuration names: what Redis does when its
memory is full, the versions, the schema and the user's rights in PostgreSQL, and
how far their clocks are from this machine's. It changes nothing and may run beside
working nodes. -invariants also reads all stored tasks and events and looks whether
they fit together, in one snapshot; that takes seconds for a million tasks.

Ends with 1 when a check failed or a rule about the stored data is broken.`,
		Flags: []cli.Flag{
			configFlag(true), varFlag(), outputFlag(),
			&cli.BoolFlag{Name: "invariants", Usage: "look at the stored data too"},
		},
		Action: doctor,
	}
}

func doctor(ctx context.Context, cmd *cli.Command) error {
	if _, err := arguments(cmd); err != nil {
		return err
	}
	cfg, err := loadStorage(cmd)
	if err != nil {
		return err
	}
	d := app.Diagnose(ctx, cfg)
	var notLooked error
	if cmd.Bool("invariants") {
		report, err := app.CheckInvariants(ctx, cfg.Storage)
		if err != nil {
			notLooked = fmt.Errorf("look at the stored data: %w", err)
		} else {
			d.Invariants = &report
		}
	}
	if err := printDiagnosis(cmd, d); err != nil || notLooked != nil {
		return errors.Join(err, notLooked)
	}
	if !d.Healthy() {
		return exitWith(exitError)
	}
	return nil
}

func printDiagnosis(cmd *cli.Command, d *app.Diagnosis) error {
	if wantsJSON(cmd) {
		return printJSON(cmd, struct {
			OK bool `json:"ok"`
			*app.Diagnosis
		}{d.Healthy(), d})
	}
	rows := [][]string{{"CHECK", "GRADE", "DETAIL"}}
	for _, c := range d.Checks {
		rows = append(rows, []string{c.Name, string(c.Grade), c.Detail})
	}
	if err := printTable(cmd, rows); err != nil || d.Invariants == nil {
		return err
	}
	return printInvariants(cmd, d.Invariants)
}

func printInvariants(cmd *cli.Command, r *invariant.Report) error {
	err := printf(cmd, "\n%s looked at: %s, %s, %s\n", count(r.Rules, "rule"), count(r.Counts.Living, "living task"),
		count(r.Counts.Ended, "ended task"), count(r.Counts.Events, "event"))
	if err != nil {
		return err
	}
	if r.Holds() {
		return printf(cmd, "all hold\n")
	}
	for _, v := range r.Violations {
		if err := printf(cmd, "\n%s is broken %s: %s\n", v.Rule, count(v.Count, "time"), v.Demand); err != nil {
			return err
		}
		var lines strings.Builder
		for _, f := range v.Found {
			lines.WriteString("  " + printable(f.Subject) + "  " + printable(f.Detail) + "\n")
		}
		if more := v.Count - len(v.Found); more > 0 {
			lines.WriteString("  and " + strconv.Itoa(more) + " more\n")
		}
		if err := printf(cmd, "%s", lines.String()); err != nil {
			return err
		}
	}
	return nil
}
