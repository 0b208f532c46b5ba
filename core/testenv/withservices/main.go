package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/headrace/headrace/core/testenv"
)

// usage is what a call without a command gets.
const usage = `usage: withservices -- COMMAND [ARGUMENT…]

Runs COMMAND with ` + testenv.RedisVar + ` and ` + testenv.DatabaseVar + ` set.
Addresses that are set already are used; for the others private servers are started.
` + fsyncVar + `=off makes the private PostgreSQL faster and unsafe.
`

// Exit codes of withservices itself; every other one is the command's.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == guardArg {
		os.Exit(guardMain(os.Args[2:]))
	}
	os.Exit(execute(os.Args[1:], os.Stderr))
}

// execute runs the command line and returns the exit code of the process.
func execute(args []string, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return exitUsage
	}
	code, err := runWithServices(args)
	if err != nil {
		fmt.Fprintln(stderr, "withservices:", err)
		if code == 0 {
			code = exitFailed
		}
	}
	return code
}

// runWithServices starts what is missing, runs the command and stops what it started. Signals that
// arrive before the command runs end the start; later ones go to the command.
func runWithServices(args []string) (code int, err error) {
	signals := catchSignals()
	defer signals.release()

	ctx, cancel := signals.context(context.Background())
	services, err := startServices(ctx, os.Getenv)
	cancel()
	if err != nil {
		return exitFailed, err
	}
	defer func() { err = errors.Join(err, services.close()) }()

	return runCommand(args, append(os.Environ(), services.environ()...), signals)
}
