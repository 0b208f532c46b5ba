package sdk

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/headrace/headrace/sdk/process"
	wire "github.com/headrace/headrace/sdk/proto"
)

// Exit codes of a plugin process.
const (
	exitDone = 0
	// exitError: the plugin could not serve; the log says why.
	exitError = 1
	// exitUsage: it was started by hand, or with arguments that it does not know.
	exitUsage = 2
)

// gcPercent is GOGC for a plugin unless the environment sets it: payloads are
// short-lived, and a larger heap halves the work of collecting them.
const gcPercent = 200

// Serve runs the plugin until the engine stops it, and ends the process. It is
// the last thing that a plugin's main does.
func Serve(p Plugin) {
	os.Exit(Run(p, os.Args[1:])) //nolint:revive // it is all of the author's main
}

// Run is [Serve] for a program that is more than one plugin: it takes the
// arguments that are meant for the plugin and returns the exit code.
func Run(p Plugin, args []string) int {
	if code, keeper := process.KeeperMain(); keeper {
		return code
	}
	description, err := Describe(p)
	if err != nil {
		return complain(exitError, err.Error())
	}
	if slices.Equal(args, []string{wire.DescribeCommand}) {
		return printDescription(os.Stdout, description)
	}
	if os.Getenv(wire.CookieKey) != wire.CookieValue {
		return complain(exitUsage, introduction(description))
	}
	if len(args) > 0 {
		return complain(exitUsage, fmt.Sprintf("plugin %s takes no arguments but %q", p.Name, wire.DescribeCommand))
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	log := processLog(os.Stderr, p.Name)
	if err := serve(p, log); err != nil {
		log.Error("the plugin cannot serve", "error", err.Error())
		return exitError
	}
	return exitDone
}

// complain tells a person what is wrong.
func complain(code int, text string) int {
	if _, err := fmt.Fprintln(os.Stderr, text); err != nil {
		return exitError
	}
	return code
}

// introduction is for the person who starts the binary by hand.
func introduction(d Description) string {
	var names []string
	for _, t := range d.TaskTypes {
		names = append(names, t.Name)
	}
	return fmt.Sprintf(`%[1]s %[2]s is a Headrace plugin with the task types: %[3]s.
It is started by the engine and does nothing by itself. To use it, put the binary
into the engine's plugin_dir and name it in the configuration:

  plugin %[1]q {
    command = "<file name of the binary>"
  }

"describe" as the only argument prints its schemas as JSON.`, d.Name, d.Version, strings.Join(names, ", "))
}

func printDescription(w io.Writer, d Description) int {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return complain(exitError, err.Error())
	}
	if _, err := w.Write(append(text, '\n')); err != nil {
		return complain(exitError, err.Error())
	}
	return exitDone
}

// serve shakes hands with the engine and answers until it is stopped.
func serve(p Plugin, log *slog.Logger) error {
	if err := agreeOnVersion(os.Getenv(envVersions)); err != nil {
		return err
	}
	stdout, err := claimStdout()
	if err != nil {
		return err
	}
	var opts []grpc.ServerOption
	certificate := ""
	if pem := os.Getenv(envClientCert); pem != "" {
		var config *tls.Config
		if config, certificate, err = mutualTLS(pem); err != nil {
			return err
		}
		opts = append(opts, grpc.Creds(credentials.NewTLS(config)))
	}
	server, err := NewServer(p, log, opts...)
	if err != nil {
		return err
	}
	listener, err := listen(os.Getenv(envSocketDir))
	if err != nil {
		return err
	}
	guard := newGuard(server, log)
	defer guard.stop()
	if err := shakeHands(stdout, listener.Addr().String(), certificate); err != nil {
		return errors.Join(err, listener.Close())
	}
	return server.Serve(listener)
}

// agreeOnVersion looks for our version among those that the engine speaks, a list
// such as "1,2". An engine that sends none is taken at its word.
func agreeOnVersion(list string) error {
	if list == "" || slices.Contains(strings.Split(list, ","), strconv.Itoa(wire.Version)) {
		return nil
	}
	return fmt.Errorf("the engine speaks versions %s of the plugin contract, this plugin version %d: rebuild it with a matching SDK",
		list, wire.Version)
}
