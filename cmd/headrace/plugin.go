package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/core/catalog"
	"github.com/headrace/headrace/core/pluginhost/process"
	"github.com/headrace/headrace/plugins/task-demo/demo"
	"github.com/headrace/headrace/plugins/task-exec/exectask"
	"github.com/headrace/headrace/plugins/task-http/httptask"
	"github.com/headrace/headrace/sdk"
)

// The words of the commands that the engine itself starts.
const (
	pluginWord = "plugin"
	serveWord  = "serve"
	guardWord  = "guard"
)

// builtins are the plugins inside this binary.
func builtins() []sdk.Plugin {
	return []sdk.Plugin{demo.Plugin(), exectask.Plugin(), httptask.Plugin()}
}

func builtinNames() []string {
	var names []string
	for _, p := range builtins() {
		names = append(names, p.Name)
	}
	return names
}

// program is this program as a command line, with the words that follow.
func program(words ...string) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return append([]string{self}, words...), nil
}

// newCatalog knows the built-in plugins and finds all others.
func newCatalog() (*catalog.Catalog, error) {
	serve, err := program(pluginWord, serveWord)
	if err != nil {
		return nil, err
	}
	cfg := catalog.Config{Serve: serve}
	for _, p := range builtins() {
		description, err := sdk.Describe(p)
		if err != nil {
			return nil, err
		}
		cfg.Builtins = append(cfg.Builtins, description)
	}
	return catalog.New(cfg)
}

func pluginCommand() *cli.Command {
	return group(pluginWord, "works with plugins", "", pluginServeCommand(), pluginGuardCommand())
}

func pluginServeCommand() *cli.Command {
	return &cli.Command{
		Name: serveWord, Usage: "runs a built-in plugin; the engine does this", ArgsUsage: "NAME [describe]",
		Description: fmt.Sprintf(`The built-in plugins are %s. "describe" prints what is inside of one, as
JSON, and ends. Without it, the engine at the other end is needed.`, strings.Join(builtinNames(), ", ")),
		SkipFlagParsing: true, // what follows the name is for the plugin
		Action: func(_ context.Context, cmd *cli.Command) error {
			args := cmd.Args().Slice()
			if len(args) == 0 {
				return usageErrorf(cmd, "NAME is missing; there are: %s", strings.Join(builtinNames(), ", "))
			}
			if args[0] == "-h" || args[0] == "--help" {
				return cli.ShowSubcommandHelp(cmd)
			}
			for _, p := range builtins() {
				if p.Name == args[0] {
					return exitWith(sdk.Run(p, args[1:])) //nolint:contextcheck // the engine ends a plugin, by its connection
				}
			}
			return usageErrorf(cmd, "there is no built-in plugin %q; there are: %s", args[0], strings.Join(builtinNames(), ", "))
		},
	}
}

// exitWith ends with a code after everything has been said.
func exitWith(code int) error {
	if code == exitDone {
		return nil
	}
	return &exitCodeError{code: code}
}

func pluginGuardCommand() *cli.Command {
	return &cli.Command{
		Name: guardWord, Usage: "ends plugins whose engine has died; the engine starts it", Hidden: true,
		Action: func(_ context.Context, cmd *cli.Command) error {
			if _, err := arguments(cmd); err != nil {
				return err
			}
			return process.RunGuard(cmd.Root().Reader)
		},
	}
}
