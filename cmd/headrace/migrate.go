package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/core/app"
)

func migrateCommand() *cli.Command {
	return group("migrate", "works with the schema of the storage", "",
		migrateLeaf("up", "brings the schema up to date", `Makes every step that is still to be made. What is there already stays. Other nodes
may run meanwhile as long as their version knows the new schema.`, migrateUp),
		migrateLeaf("down", "takes the newest step back", `Takes one step back, with all data that lives in it: make a backup before. The
nodes must be stopped. It asks for -yes.`, migrateDown,
			&cli.BoolFlag{Name: "yes", Usage: "the data of that step may go"}),
		migrateLeaf("status", "lists the steps", "", migrateStatus, outputFlag()),
	)
}

func migrateLeaf(name, usage, description string, work func(context.Context, *cli.Command, config.Storage) error, flags ...cli.Flag) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage, Description: description, Flags: append([]cli.Flag{configFlag(true), varFlag()}, flags...),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if _, err := arguments(cmd); err != nil {
				return err
			}
			cfg, err := loadStorage(cmd)
			if err != nil {
				return err
			}
			return work(ctx, cmd, cfg.Storage)
		},
	}
}

func migrateUp(ctx context.Context, cmd *cli.Command, storage config.Storage) error {
	if err := app.Migrate(ctx, storage); err != nil {
		return err
	}
	return printVersion(ctx, cmd, storage)
}

func migrateDown(ctx context.Context, cmd *cli.Command, storage config.Storage) error {
	if !cmd.Bool("yes") {
		return usageErrorf(cmd, "migrate down removes the data that lives in the newest step: make a backup, then say -yes")
	}
	if err := app.MigrateDown(ctx, storage); err != nil {
		return err
	}
	return printVersion(ctx, cmd, storage)
}

// printVersion says where the schema stands now.
func printVersion(ctx context.Context, cmd *cli.Command, storage config.Storage) error {
	steps, err := app.MigrationStatus(ctx, storage)
	if err != nil {
		return err
	}
	at := int64(0)
	for _, s := range steps {
		if !s.Applied.IsZero() {
			at = max(at, s.Version)
		}
	}
	return printf(cmd, "the schema is at version %d\n", at)
}

// migrationJSON is one step in the JSON form.
type migrationJSON struct {
	Version int64  `json:"version"`
	Name    string `json:"name"`
	// Applied is absent while the step is still to be made.
	Applied string `json:"applied,omitempty"`
}

func migrateStatus(ctx context.Context, cmd *cli.Command, storage config.Storage) error {
	steps, err := app.MigrationStatus(ctx, storage)
	if err != nil {
		return err
	}
	if wantsJSON(cmd) {
		list := make([]migrationJSON, len(steps))
		for i, s := range steps {
			list[i] = migrationJSON{Version: s.Version, Name: s.Name}
			if !s.Applied.IsZero() {
				list[i].Applied = timeText(s.Applied)
			}
		}
		return printJSON(cmd, map[string]any{"migrations": list})
	}
	rows := [][]string{{"STEP", "APPLIED"}}
	for _, s := range steps {
		rows = append(rows, []string{s.Name, timeText(s.Applied)})
	}
	return printTable(cmd, rows)
}
