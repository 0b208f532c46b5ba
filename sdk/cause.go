package sdk

import (
	"errors"

	"github.com/headrace/headrace/sdk/fault"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// Why the context of an attempt ended: compare context.Cause with them.
var (
	// ErrCancelled: somebody asked for the end of the task.
	ErrCancelled = errors.New("the task was cancelled")
	// ErrTimeout: the attempt's time, or the task's deadline, is over.
	ErrTimeout = errors.New("the attempt ran out of time")
	// ErrShutdown: the engine or the plugin stops; the attempt is given back.
	ErrShutdown = errors.New("the engine is stopping")
	// ErrFenced: the engine has lost its right to the task, so no answer counts.
	ErrFenced = errors.New("the engine has lost its right to the task")
	// ErrEngineGone: the connection to the engine broke; nobody hears an answer.
	ErrEngineGone = errors.New("the engine is gone")
)

// causeOf translates the reason on the wire; an unknown one, from a newer engine,
// is a cancellation.
func causeOf(reason pb.CancelReason) error {
	switch reason {
	case pb.CancelReason_CANCEL_REASON_TIMEOUT:
		return ErrTimeout
	case pb.CancelReason_CANCEL_REASON_SHUTDOWN:
		return ErrShutdown
	case pb.CancelReason_CANCEL_REASON_FENCED:
		return ErrFenced
	case pb.CancelReason_CANCEL_REASON_UNSPECIFIED, pb.CancelReason_CANCEL_REASON_REQUESTED:
		return ErrCancelled
	}
	return ErrCancelled
}

// faultOf is the outcome of an attempt whose handler gave up because of cause.
// What was not asked for by a person may be tried again elsewhere.
func faultOf(cause error) *fault.Error {
	switch {
	case errors.Is(cause, ErrTimeout):
		return &fault.Error{Code: fault.TaskTimeout, Msg: cause.Error(), Err: cause}
	case errors.Is(cause, ErrCancelled):
		return &fault.Error{Code: fault.TaskCancelled, Msg: cause.Error(), Err: cause}
	}
	return &fault.Error{Code: fault.TaskCancelled, Msg: cause.Error(), Retry: fault.Always, Err: cause}
}
