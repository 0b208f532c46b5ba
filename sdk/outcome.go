package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/headrace/headrace/sdk/fault"
	wire "github.com/headrace/headrace/sdk/proto"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// MaxResult is the largest result of a task in bytes: what the wire takes, less
// ample room for what goes with it.
const MaxResult = wire.MaxMessage - 1<<20

// completed is the outcome of a handler that returned no error.
func completed(seq uint64, output []byte) *pb.Result {
	if len(output) > MaxResult {
		return failed(seq, fault.Permanent(fault.Newf(fault.TaskExecutionFailed,
			"the result has %d bytes, more than the %d that fit", len(output), MaxResult)))
	}
	return &pb.Result{Seq: seq, Outcome: pb.Outcome_OUTCOME_COMPLETED, Output: output}
}

// failed is the outcome of an attempt that ended with err.
func failed(seq uint64, err error) *pb.Result {
	f := handlerFault(err)
	outcome := pb.Outcome_OUTCOME_REJECTED
	if f.Retryable() {
		outcome = pb.Outcome_OUTCOME_RETRY
	}
	return &pb.Result{
		Seq:     seq,
		Outcome: outcome,
		Error: &pb.Error{
			Code:         string(f.Code),
			Message:      cleanText(f.Msg, maxMessage),
			Details:      detailsJSON(f.Details),
			RetryAfterMs: f.RetryAfter.Milliseconds(),
			Blame:        blameOf(f.Code.Recovery().Blame),
			Retry:        wishOf(f.Retry),
		},
	}
}

// handlerFault finds the fault inside err. A plain error, and a fault with a code
// of the author's own invention, are the work's failure with their text.
func handlerFault(err error) *fault.Error {
	f := fault.From(err, fault.TaskExecutionFailed)
	known := *f
	if known.Msg == "" {
		known.Msg = plainText(f, err)
	}
	if !known.Code.Known() {
		known.Msg = fmt.Sprintf("%s: %s", f.Code, known.Msg)
		known.Code = fault.TaskExecutionFailed
	}
	return &known
}

// plainText is the message of an error that carries none of its own. What a
// fault hides stays hidden.
func plainText(f *fault.Error, err error) string {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return "the task failed with " + string(f.Code)
	}
	return err.Error()
}

// detailsJSON writes the details of an error; what cannot be written, or is too
// large, is replaced by a note, since the error itself matters more.
func detailsJSON(details map[string]any) []byte {
	if len(details) == 0 {
		return nil
	}
	text, err := json.Marshal(details)
	if err != nil || len(text) > maxDetails {
		return []byte(`{"omitted":"the details are too large or no JSON"}`)
	}
	return text
}

func blameOf(blame fault.Blame) pb.Blame {
	switch blame {
	case fault.BlameConfig:
		return pb.Blame_BLAME_CONFIG
	case fault.BlameCaller:
		return pb.Blame_BLAME_CALLER
	case fault.BlameDestination:
		return pb.Blame_BLAME_DESTINATION
	case fault.BlamePlugin:
		return pb.Blame_BLAME_PLUGIN
	case fault.BlameNobody:
		return pb.Blame_BLAME_UNSPECIFIED
	}
	return pb.Blame_BLAME_UNSPECIFIED
}

func wishOf(o fault.Override) pb.RetryWish {
	switch o {
	case fault.Always:
		return pb.RetryWish_RETRY_WISH_ALWAYS
	case fault.Never:
		return pb.RetryWish_RETRY_WISH_NEVER
	case fault.ByCode:
		return pb.RetryWish_RETRY_WISH_UNSPECIFIED
	}
	return pb.RetryWish_RETRY_WISH_UNSPECIFIED
}

// outcomeOf decides what the end of a handler means. Once the context has ended,
// an error that says so, or says nothing that the engine understands, is the end
// of the context; a fault with a meaning of its own, and a success, stand.
func outcomeOf(ctx context.Context, seq uint64, output []byte, err error) *pb.Result {
	if err == nil {
		return completed(seq, output)
	}
	cause := context.Cause(ctx)
	if cause == nil {
		return failed(seq, err)
	}
	var f *fault.Error
	if !errors.As(err, &f) || isContextError(err, cause) {
		return failed(seq, faultOf(cause))
	}
	return failed(seq, err)
}

func isContextError(err, cause error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, cause)
}
