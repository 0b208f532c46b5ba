package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/sdk/fault"
)

// The exit codes; the contract fixes them.
const (
	exitDone       = 0
	exitError      = 1
	exitUsage      = 2
	exitFailed     = 4
	exitDeadLetter = 5
	exitCancelled  = 6
	exitTimedOut   = 7
	// exitSignal and the number of a signal: it ended the process at once.
	exitSignal = 128
)

// exitCodeError is an error that asks for an exit code of its own.
type exitCodeError struct {
	code int
	// err is nil when everything has been said already.
	err error
}

// Error is the text of the cause.
func (e *exitCodeError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

// Unwrap gives the cause.
func (e *exitCodeError) Unwrap() error { return e.err }

// usageErrorf says how a command was called wrongly.
func usageErrorf(cmd *cli.Command, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if _, path, below := strings.Cut(cmd.FullName(), " "); below {
		text = path + ": " + text
	}
	return &exitCodeError{code: exitUsage, err: fmt.Errorf("%s\n(%s -h explains it)", text, cmd.FullName())}
}

// settingErrorf says what is wrong with the environment or the configuration.
func settingErrorf(format string, args ...any) error {
	return &exitCodeError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// report tells the user what went wrong and returns the exit code.
func report(errs io.Writer, err error) int {
	show := oneLine
	if isTerminal(errs) {
		show = withSource
	}
	code, text := verdict(err, show)
	if text == "" {
		return code
	}
	if _, err := io.WriteString(errs, text); err != nil && code == exitDone {
		return exitError
	}
	return code
}

// verdict is the exit code of an error and what to say about it; show is the text
// of a diagnostic.
func verdict(err error, show func(config.Diagnostic) string) (code int, text string) {
	var (
		diags config.Diagnostics
		exit  *exitCodeError
		f     *fault.Error
	)
	switch {
	case err == nil:
		return exitDone, ""
	case errors.As(err, &diags):
		return exitUsage, diagnosticsText(diags, show)
	case errors.As(err, &exit):
		if exit.err == nil {
			return exit.code, ""
		}
		code = exit.code
	default:
		code = exitError
	}
	if errors.As(err, &f) {
		return code, faultText(f)
	}
	return code, "headrace: " + printableLines(err.Error()) + "\n"
}

// oneLine is a diagnostic for programs that read line by line.
func oneLine(d config.Diagnostic) string { return printable(d.String()) }

// withSource is a diagnostic with the lines that it is about, for people.
func withSource(d config.Diagnostic) string {
	if d.Snippet == "" {
		return oneLine(d)
	}
	return oneLine(d) + "\n" + printableLines(d.Snippet)
}

func diagnosticsText(diags config.Diagnostics, show func(config.Diagnostic) string) string {
	var b strings.Builder
	for _, d := range diags {
		b.WriteString(show(d) + "\n")
	}
	return b.String()
}

// faultText shows an error of the server or the way to it, with what can be done.
func faultText(f *fault.Error) string {
	var b strings.Builder
	fmt.Fprintf(&b, "headrace: %s: %s\n", printable(string(f.Code)), printable(f.Msg))
	if f.Err != nil {
		fmt.Fprintf(&b, "  cause: %s\n", printable(f.Err.Error()))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Details)) {
		writeDetail(&b, name, f.Details[name])
	}
	if f.RetryAfter > 0 {
		fmt.Fprintf(&b, "  try again after: %s\n", f.RetryAfter)
	}
	if f.Code.Known() {
		fmt.Fprintf(&b, "  what to do: %s\n", f.Code.Recovery().Alternative)
	}
	return b.String()
}

// writeDetail writes one named value; an object gets a line for each member.
func writeDetail(b *strings.Builder, name string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			writeDetail(b, strings.TrimSpace(name+" "+key), v[key])
		}
	case string:
		fmt.Fprintf(b, "  %s: %s\n", printable(name), printable(v))
	default:
		text, err := json.Marshal(v)
		if err != nil {
			text = []byte(err.Error())
		}
		fmt.Fprintf(b, "  %s: %s\n", printable(name), printable(string(text)))
	}
}
