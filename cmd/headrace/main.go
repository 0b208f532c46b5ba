package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v3"
)

func main() {
	cli.FlagStringer = oneDash(cli.FlagStringer)
	os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole command; it returns the exit code.
func run(args []string, in io.Reader, out, errs io.Writer) int {
	err := newRoot(in, out, errs).Run(context.Background(), args)
	return report(errs, err)
}

// oneDash shows flags in help with one dash, as the documentation writes them.
func oneDash(show cli.FlagStringFunc) cli.FlagStringFunc {
	return func(f cli.Flag) string {
		names, usage, _ := strings.Cut(show(f), "\t")
		return strings.ReplaceAll(names, "--", "-") + "\t" + usage
	}
}

// newRoot makes the tree of commands.
func newRoot(in io.Reader, out, errs io.Writer) *cli.Command {
	root := group("headrace", "runs tasks through plugins",
		`Start with "headrace dev": it needs nothing else and prints what to try.

Exit codes: 0 done, 1 any error, 2 bad usage or configuration; those of
"task wait" stand in its help.`,
		devCommand(), serverCommand(), validateCommand(), fmtCommand(), migrateCommand(),
		taskCommand(), dlqCommand(), typeCommand(), breakerCommand(), scheduleCommand(), nodeCommand(), keyCommand(), pluginCommand(), doctorCommand(), versionCommand(), helpCommand())
	root.Reader, root.Writer, root.ErrWriter = in, out, errs
	root.Version = version()
	root.HideHelpCommand = true
	// What went wrong is reported once, by run.
	root.ExitErrHandler = func(context.Context, *cli.Command, error) {}
	settle(root)
	return root
}

// group makes a command that only holds others.
func group(name, usage, description string, commands ...*cli.Command) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage, Description: description, Commands: commands,
		Action: func(_ context.Context, cmd *cli.Command) error {
			if cmd.Args().Present() {
				return unknownCommand(cmd)
			}
			if cmd.Root() == cmd {
				return cli.ShowRootCommandHelp(cmd)
			}
			return usageErrorf(cmd, "a command is missing; there are: %s", strings.Join(commandNames(cmd), ", "))
		},
	}
}

func commandNames(cmd *cli.Command) []string {
	var names []string
	for _, c := range cmd.VisibleCommands() {
		names = append(names, c.Name)
	}
	return names
}

func unknownCommand(cmd *cli.Command) error {
	return usageErrorf(cmd, "there is no command %q; there are: %s", cmd.Args().First(), strings.Join(commandNames(cmd), ", "))
}

// settle gives a command, and those below it, what the library does not hand on:
// a wrong flag is a short message instead of all the help, and a comma is a part of
// a value, so that -metadata list=a,b is one pair.
func settle(cmd *cli.Command) {
	cmd.DisableSliceFlagSeparator = true
	cmd.OnUsageError = func(_ context.Context, cmd *cli.Command, err error, _ bool) error {
		if len(cmd.Commands) > 0 && cmd.Args().Present() {
			return unknownCommand(cmd) // its flags are not the cause
		}
		return usageErrorf(cmd, "%s", err)
	}
	for _, c := range cmd.Commands {
		settle(c)
	}
}

// arguments returns the arguments of a command, which must be as many as names.
func arguments(cmd *cli.Command, names ...string) ([]string, error) {
	given := cmd.Args().Slice()
	switch {
	case len(given) < len(names):
		return nil, usageErrorf(cmd, "%s is missing", names[len(given)])
	case len(given) > len(names):
		return nil, usageErrorf(cmd, "unexpected argument %q", given[len(names)])
	}
	return given, nil
}

func helpCommand() *cli.Command {
	return &cli.Command{
		Name: "help", Usage: "shows the help of a command", ArgsUsage: "[COMMAND…]",
		Action: func(_ context.Context, cmd *cli.Command) error {
			target := cmd.Root()
			for _, name := range cmd.Args().Slice() {
				next := target.Command(name)
				if next == nil {
					return usageErrorf(target, "there is no command %q; there are: %s", name, strings.Join(commandNames(target), ", "))
				}
				target = next
			}
			if target == cmd.Root() {
				return cli.ShowRootCommandHelp(target)
			}
			return cli.ShowSubcommandHelp(target)
		},
	}
}

// printf writes to the command's standard output.
func printf(cmd *cli.Command, format string, args ...any) error {
	if _, err := fmt.Fprintf(cmd.Root().Writer, format, args...); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

// hintf writes to the command's standard error, for people.
func hintf(cmd *cli.Command, format string, args ...any) error {
	if _, err := fmt.Fprintf(cmd.Root().ErrWriter, format, args...); err != nil {
		return fmt.Errorf("write a hint: %w", err)
	}
	return nil
}
