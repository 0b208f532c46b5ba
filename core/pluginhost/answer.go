package pluginhost

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/core/pluginhost/process"
	"github.com/headrace/headrace/sdk/fault"
	wire "github.com/headrace/headrace/sdk/proto"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// What is kept of the parts of an answer, in bytes.
const (
	// maxResult is the largest result: what the contract's message takes, less
	// ample room for what goes with it.
	maxResult  = wire.MaxMessage - 1<<20
	maxText    = 8 << 10
	maxNote    = 256
	maxDetails = 64 << 10
	maxLog     = 16 << 10
)

// maxRetryAfter bounds how far ahead a plugin may put the next try.
const maxRetryAfter = 30 * 24 * time.Hour

// outcomeOf turns an answer into the outcome of its attempt. It trusts nothing in
// the answer.
func outcomeOf(a *flying, r *pb.Result) Outcome {
	out := Outcome{ID: a.task.ID, Attempt: a.task.Attempt}
	switch r.GetOutcome() {
	case pb.Outcome_OUTCOME_COMPLETED:
		if size := len(r.GetOutput()); size > maxResult {
			return tooLarge(out, size)
		}
		out.Kind, out.Result = Completed, r.GetOutput()
		return out
	case pb.Outcome_OUTCOME_RETRY, pb.Outcome_OUTCOME_REJECTED:
		out.Kind = Failed
	case pb.Outcome_OUTCOME_UNSPECIFIED, pb.Outcome_OUTCOME_UNKNOWN:
		out.Kind = Unknown
	default: // of a later contract
		out.Kind = Unknown
	}
	out.Err = faultOf(r.GetError())
	if r.GetOutcome() == pb.Outcome_OUTCOME_REJECTED {
		out.Err.Retry = fault.Never
	}
	out.Blame = blameOf(r.GetError().GetBlame(), out.Err.Code)
	return out
}

func tooLarge(out Outcome, size int) Outcome {
	out.Kind, out.Blame = Failed, fault.BlamePlugin
	out.Err = &fault.Error{
		Code: fault.TaskExecutionFailed, Retry: fault.Never, Msg: "the result is too large",
		Details: map[string]any{"limit": maxResult, "size": size},
	}
	return out
}

// faultOf reads a plugin's error; an absent one is a defect of the plugin.
func faultOf(e *pb.Error) *fault.Error {
	f := &fault.Error{
		Code: fault.Code(e.GetCode()), Msg: process.Clean(e.GetMessage(), maxText),
		Details: details(e.GetDetails()), RetryAfter: millis(e.GetRetryAfterMs()),
	}
	if !f.Code.Known() {
		f.Code = fault.InternalError
	}
	if f.Msg == "" {
		f.Msg = "the plugin gave no reason"
	}
	switch e.GetRetry() {
	case pb.RetryWish_RETRY_WISH_ALWAYS:
		f.Retry = fault.Always
	case pb.RetryWish_RETRY_WISH_NEVER:
		f.Retry = fault.Never
	case pb.RetryWish_RETRY_WISH_UNSPECIFIED:
	}
	return f
}

// millis reads a time to wait; what makes no sense is none.
func millis(ms int64) time.Duration {
	if ms <= 0 {
		return 0
	}
	return time.Duration(min(ms, maxRetryAfter.Milliseconds())) * time.Millisecond
}

// details reads the object with an error's details. Numbers stay text, so that
// none is rounded. Details that cannot be kept are replaced by a note, since the
// error itself matters more.
func details(text []byte) map[string]any {
	if len(text) == 0 {
		return nil
	}
	var out map[string]any
	if len(text) <= maxDetails && !hasNUL(text) {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&out); err == nil && out != nil && !decoder.More() {
			return out
		}
	}
	return map[string]any{"omitted": "the plugin's details are too large or no JSON object"}
}

// hasNUL finds the character that no store keeps, also written as an escape. It
// may find one too many, in a text about escapes.
func hasNUL(text []byte) bool {
	return bytes.IndexByte(text, 0) >= 0 || bytes.Contains(text, []byte(`\u0000`))
}

// blameOf reads whose fault it is; unspecified means what the code says.
func blameOf(b pb.Blame, code fault.Code) fault.Blame {
	switch b {
	case pb.Blame_BLAME_PLUGIN:
		return fault.BlamePlugin
	case pb.Blame_BLAME_DESTINATION:
		return fault.BlameDestination
	case pb.Blame_BLAME_CONFIG:
		return fault.BlameConfig
	case pb.Blame_BLAME_CALLER:
		return fault.BlameCaller
	case pb.Blame_BLAME_UNSPECIFIED:
	}
	return code.Recovery().Blame
}

// progressOf reads how far an attempt is; false when it says nothing.
func progressOf(a *flying, p *pb.Progress) (Progress, bool) {
	fraction := p.GetFraction()
	if math.IsNaN(fraction) {
		return Progress{}, false
	}
	return Progress{
		ID: a.task.ID, Attempt: a.task.Attempt, Fraction: min(max(fraction, 0), 1),
		Note: process.Clean(p.GetNote(), maxNote),
	}, true
}

// logOf reads a handler's log line.
func logOf(a *flying, l *pb.LogLine) LogLine {
	out := LogLine{
		ID: a.task.ID, Attempt: a.task.Attempt, Level: levelOf(l.GetLevel()),
		Message: process.Clean(l.GetMessage(), maxLog), Time: time.UnixMilli(l.GetTimeMs()).UTC(),
	}
	if fields := l.GetFields(); len(fields) <= maxLog && isObject(fields) {
		out.Fields = fields
	}
	return out
}

// isObject tells whether the text is one JSON object without control characters
// between its tokens, so that it stays on its line.
func isObject(text []byte) bool {
	return strings.HasPrefix(string(text), "{") && json.Valid(text) &&
		bytes.IndexFunc(text, func(r rune) bool { return r < ' ' || r >= 0x7f && r <= 0x9f }) < 0
}

func levelOf(l pb.Level) hclog.Level {
	switch l {
	case pb.Level_LEVEL_DEBUG:
		return hclog.Debug
	case pb.Level_LEVEL_WARN:
		return hclog.Warn
	case pb.Level_LEVEL_ERROR:
		return hclog.Error
	case pb.Level_LEVEL_INFO, pb.Level_LEVEL_UNSPECIFIED:
	}
	return hclog.Info
}
