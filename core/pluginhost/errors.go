package pluginhost

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

var (
	// ErrNotActive means that the slot has no generation that takes tasks now.
	ErrNotActive = errors.New("the plugin is not active")
	// ErrUnknownSlot means that no slot has that name.
	ErrUnknownSlot = errors.New("there is no such plugin")
	// ErrDuplicate means that the batch holds an attempt that the plugin has already.
	ErrDuplicate = errors.New("the plugin has this attempt already")
)

// Stage is the part of a start that failed.
type Stage string

// The stages in their order.
const (
	StageStart     Stage = "start"
	StageHandshake Stage = "handshake"
	StageConnect   Stage = "connect"
	StageDescribe  Stage = "describe"
	StageOpen      Stage = "open"
	StageHealth    Stage = "health"
)

// Diagnostic is one thing that a plugin finds wrong with its configuration.
type Diagnostic struct {
	// Path leads from the config block to the attribute; may be empty.
	Path            []string
	Summary, Detail string
}

// StartError says why a plugin did not start.
type StartError struct {
	Slot  string
	Stage Stage
	// Diagnostics are set when the plugin refused its configuration.
	Diagnostics []Diagnostic
	// Status is how the process ended; empty when it had not ended by itself.
	Status string
	// Stderr is the end of what the process wrote to standard error.
	Stderr string
	Err    error
}

// Error gives the reason and the last line of standard error, which most often
// is the cause.
func (e *StartError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "plugin %s: %s: %v", e.Slot, e.Stage, e.Err)
	for _, d := range e.Diagnostics {
		fmt.Fprintf(&text, "; %s: %s", strings.Join(append([]string{"config"}, d.Path...), "."), d.Summary)
	}
	if e.Status != "" {
		text.WriteString("; the process ended with " + e.Status)
	}
	if line := lastLine(e.Stderr); line != "" {
		text.WriteString("; last line of its standard error: " + line)
	}
	return text.String()
}

// Unwrap gives the cause.
func (e *StartError) Unwrap() error { return e.Err }

// lastLine is the last one that is no mere trace of what goes on.
func lastLine(text string) string {
	lines := strings.Split(text, "\n")
	for _, line := range slices.Backward(lines) {
		if line != "" && !strings.HasPrefix(line, "[debug]") && !strings.HasPrefix(line, "[trace]") {
			return line
		}
	}
	return ""
}
