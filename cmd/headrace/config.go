package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	_ "time/tzdata" // the zones of schedules, also where the machine has none

	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/core/catalog"
	"github.com/headrace/headrace/core/schedule"
)

// configFlag names the configuration; required unless the command has its own.
func configFlag(required bool) cli.Flag {
	return &cli.StringFlag{
		Name: "config", Required: required, Usage: "file or folder of the configuration: `PATH`",
		Validator: func(path string) error {
			if path == "" {
				return errors.New("the path is empty")
			}
			return nil
		},
	}
}

func varFlag() cli.Flag {
	return &cli.StringSliceFlag{
		Name: "var", Usage: "sets a variable of the configuration: `NAME=VALUE`; HEADRACE_VAR_NAME in the environment does the same",
	}
}

// pairs reads NAME=VALUE flags; a name may stand once.
func pairs(cmd *cli.Command, flag string) (map[string]string, error) {
	values := map[string]string{}
	for _, pair := range cmd.StringSlice(flag) {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usageErrorf(cmd, "-%s %q must have the form NAME=VALUE", flag, pair)
		}
		if _, twice := values[name]; twice {
			return nil, usageErrorf(cmd, "-%s %s is given twice", flag, name)
		}
		values[name] = value
	}
	return values, nil
}

// loadOptions are the options of config.Load that every command shares.
func loadOptions(cmd *cli.Command, programs *catalog.Catalog) (config.Options, error) {
	vars, err := pairs(cmd, "var")
	opts := config.Options{Vars: vars, Builtins: builtinNames(), CheckCron: checkCron}
	if programs != nil { // a nil pointer in the interface would not be nil
		opts.Schemas = programs
	}
	return opts, err
}

// checkCron says what is wrong with a cron expression.
func checkCron(text string) error {
	_, err := schedule.Parse(text)
	return err
}

// loadStorage reads a configuration of which only the storage is needed: no
// plugin has to be there.
func loadStorage(cmd *cli.Command) (*config.Config, error) {
	opts, err := loadOptions(cmd, nil)
	if err != nil {
		return nil, err
	}
	path := cmd.String("config")
	cfg, diags := config.Load(path, opts)
	if err := diags.Err(); err != nil {
		return nil, err
	}
	if cfg.Storage.Kind == config.StorageNone {
		return nil, settingErrorf(`%s has no storage block; add storage "postgres" or storage "sqlite"`, path)
	}
	return cfg, nil
}

func validateCommand() *cli.Command {
	return &cli.Command{
		Name: "validate", Usage: "checks a configuration", ArgsUsage: "PATH",
		Description: `PATH is a file, or a folder whose *.hcl files belong together. Everything that is
wrong is reported at once, one line each: FILE:LINE,COLUMN-COLUMN: what; why. The
plugins that the configuration names are asked for their schemas; none is started
as a server, and nothing is connected to. Ends with 2 when something is wrong.`,
		Flags:  []cli.Flag{varFlag()},
		Action: validate,
	}
}

func validate(_ context.Context, cmd *cli.Command) error {
	args, err := arguments(cmd, "PATH")
	if err != nil {
		return err
	}
	programs, err := newCatalog()
	if err != nil {
		return err
	}
	opts, err := loadOptions(cmd, programs)
	if err != nil {
		return err
	}
	cfg, diags := config.Load(args[0], opts)
	if err := diags.Err(); err != nil {
		return err
	}
	return printf(cmd, "ok: %s, %s\n", count(len(cfg.Tasks), "task type"), count(len(cfg.Plugins), "plugin"))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func fmtCommand() *cli.Command {
	return &cli.Command{
		Name: "fmt", Usage: "formats a configuration", ArgsUsage: "PATH",
		Description: `PATH is a file, or a folder whose *.hcl files are formatted. The names of the files
that change are printed. With -check none is written, and it ends with 1 when one
would change.`,
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "check", Usage: "write nothing"}},
		Action: formatFiles,
	}
}

func formatFiles(_ context.Context, cmd *cli.Command) error {
	args, err := arguments(cmd, "PATH")
	if err != nil {
		return err
	}
	work := config.Format
	if cmd.Bool("check") {
		work = config.CheckFormat
	}
	changed, diags := work(args[0])
	for _, file := range changed {
		if err := printf(cmd, "%s\n", printable(file)); err != nil {
			return err
		}
	}
	if err := diags.Err(); err != nil {
		return err
	}
	if cmd.Bool("check") && len(changed) > 0 {
		return exitWith(exitError)
	}
	return nil
}
