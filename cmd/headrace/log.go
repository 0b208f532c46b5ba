package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/urfave/cli/v3"
)

// envLog is the environment's way to set the log.
const envLog = "HEADRACE_LOG"

// logLevels are the names that -log-level takes.
func logLevels() []string { return []string{"trace", "debug", "info", "warn", "error", "off"} }

// logFlags set the log of a node.
func logFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "log-level", DefaultText: "info", Usage: "log what has this `LEVEL` or more: " + strings.Join(logLevels(), ", ")},
		&cli.BoolFlag{Name: "log-json", Usage: "log in JSON, one object a line"},
	}
}

// newLogger makes the log that flags and environment ask for; usual is the level
// when neither does.
func newLogger(cmd *cli.Command, usual hclog.Level) (hclog.Logger, error) {
	fromEnv, format, _ := strings.Cut(os.Getenv(envLog), ",")
	if format != "" && format != "json" {
		return nil, settingErrorf("%s: %q is no format; there is: json", envLog, format)
	}
	level, err := logLevel(fromEnv, usual)
	if err != nil {
		return nil, settingErrorf("%s: %w", envLog, err)
	}
	if level, err = logLevel(cmd.String("log-level"), level); err != nil {
		return nil, usageErrorf(cmd, "-log-level: %s", err)
	}
	return loggerTo(cmd.Root().ErrWriter, level, format == "json" || cmd.Bool("log-json")), nil
}

func loggerTo(out io.Writer, level hclog.Level, asJSON bool) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Name: "headrace", Level: level, Output: out, JSONFormat: asJSON})
}

// logLevel reads the name of a level; usual for none.
func logLevel(name string, usual hclog.Level) (hclog.Level, error) {
	if name == "" {
		return usual, nil
	}
	level := hclog.LevelFromString(name)
	if level == hclog.NoLevel {
		return level, fmt.Errorf("%q is no level; there are: %s", name, strings.Join(logLevels(), ", "))
	}
	return level, nil
}
