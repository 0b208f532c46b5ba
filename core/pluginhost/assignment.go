package pluginhost

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/sdk/fault"
)

// AttemptKey names one attempt at one task, for good.
type AttemptKey struct {
	ID      uuid.UUID
	Attempt int
}

// Assignment is an attempt that a plugin is to make.
type Assignment struct {
	ID      uuid.UUID
	Attempt int
	// Type as the plugin declared it; PublicType is its name in the
	// configuration.
	Type, PublicType string
	// Payload is one JSON document; Metadata one object, or empty.
	Payload, Metadata json.RawMessage
	// Timeout is the time that the attempt has; 0: no limit.
	Timeout time.Duration
	// Traceparent is the W3C context of the submission; may be empty.
	Traceparent string
}

// Key returns the name of the attempt.
func (a *Assignment) Key() AttemptKey { return AttemptKey{ID: a.ID, Attempt: a.Attempt} }

// OutcomeKind is the closed set of ends that an attempt has here.
type OutcomeKind int8

const (
	// Completed: Result is what the handler returned.
	Completed OutcomeKind = iota
	// Failed: Err says why, and by its code and wish whether to try again.
	Failed
	// Unknown: nobody can tell whether the work was done. Also the end of an
	// attempt whose plugin was stopped by the engine.
	Unknown
	// Crashed: the process ended, or was killed, with the attempt in it.
	Crashed
)

// String is the word for logs and metrics.
func (k OutcomeKind) String() string {
	switch k {
	case Completed:
		return "completed"
	case Failed:
		return "failed"
	case Unknown:
		return "unknown"
	case Crashed:
		return "crashed"
	}
	return "invalid"
}

// Outcome is the end of an attempt. There is exactly one for each assignment
// that Submit accepted.
type Outcome struct {
	ID      uuid.UUID
	Attempt int
	Kind    OutcomeKind
	// Result is the plugin's text as it came: whether it is JSON that can be kept
	// is for the receiver to check. Set only when completed; may be empty.
	Result json.RawMessage
	// Err is set unless completed. Its message and details are cleaned.
	Err *fault.Error
	// Blame says whose fault it is; empty when completed.
	Blame fault.Blame
}

// Progress is how far an attempt is.
type Progress struct {
	ID      uuid.UUID
	Attempt int
	// Fraction is from 0 to 1.
	Fraction float64
	Note     string
}

// LogLine is one line that a handler wrote for its task.
type LogLine struct {
	ID      uuid.UUID
	Attempt int
	Level   hclog.Level
	Message string
	// Fields is one JSON object; may be empty.
	Fields json.RawMessage
	// Time by the plugin's clock.
	Time time.Time
}

// Reason says why the engine wants an attempt to end.
type Reason int8

const (
	// ReasonRequested: somebody asked for it.
	ReasonRequested Reason = iota
	// ReasonTimeout: the attempt's time or the task's deadline is over.
	ReasonTimeout
	// ReasonShutdown: the engine stops, the task is tried elsewhere.
	ReasonShutdown
	// ReasonFenced: the engine has lost its right to the task.
	ReasonFenced
)

// Sink takes what comes back from a plugin, in the groups in which it arrives.
// It is called from the goroutines of several plugins at once and must be quick:
// while it runs, nothing else is read from that plugin. The slices are its to
// keep.
type Sink interface {
	Ended(outcomes []Outcome)
	Progress(notes []Progress)
	Logs(lines []LogLine)
}
