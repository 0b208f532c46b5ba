package sdk

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// CleanupLimit is how long the context of a clean-up step lasts.
const CleanupLimit = 5 * time.Second

// WithCleanup adds a step that tidies up after an attempt that did not succeed:
// one that failed, panicked, ran out of time, was cancelled or was given back
// because the engine stops. In is the type of the handler's payload. cause is why
// the attempt ended: one of the Err values of this package when its context had
// ended (see [ErrCancelled]), else the handler's error.
//
// The step runs in the plugin after the handler has returned and before the engine
// hears of the outcome, which it does not change: its error is only logged. Its
// context is not that of the attempt, which may have ended, and lasts for
// [CleanupLimit]; [Attempt], [Logger] and [Config] work with it. After a
// cancellation handler and step together have the type's cancel_grace; then the
// engine goes on without them.
//
// It is no finally: it does not run when the process dies, nor when the handler
// never returns, nor for a payload that could not be read, nor once the engine has
// lost its right to the task, since another attempt may be at work then. What must
// not be left behind has to be found by the next attempt.
func WithCleanup[In any](fn func(ctx context.Context, in In, cause error) error) TaskOption {
	return func(t *TaskType) {
		payload, err := shapeOf[In]()
		switch {
		case fn == nil:
			t.err = errors.Join(t.err, errors.New("no clean-up step"))
		case reflect.TypeFor[In]() != t.in:
			t.err = errors.Join(t.err, fmt.Errorf("the clean-up step takes %s, the handler %s", reflect.TypeFor[In](), t.in))
		case err != nil: // the handler's own shape has the same fault
		default:
			t.cleanup = cleaner(payload, fn)
		}
	}
}

// cleaner puts decoding before the step. A payload that does not fit has never
// reached the handler.
func cleaner[In any](payload *shape[In], fn func(context.Context, In, error) error) func(context.Context, []byte, error) error {
	return func(ctx context.Context, raw []byte, cause error) error {
		in, err := payload.decode(raw)
		if err != nil {
			return nil //nolint:nilerr // nothing began, so nothing is left
		}
		return fn(ctx, in, cause)
	}
}

// cleanUp runs the step of a type after an attempt whose context is ctx.
func cleanUp(ctx context.Context, t *TaskType, payload []byte, err error) {
	cause := context.Cause(ctx)
	if t.cleanup == nil || errors.Is(cause, ErrFenced) || errors.Is(cause, ErrEngineGone) {
		return
	}
	if cause == nil {
		cause = err
	}
	own, release := context.WithTimeoutCause(context.WithoutCancel(ctx), CleanupLimit, ErrTimeout)
	defer release()
	defer func() {
		if value := recover(); value != nil {
			Logger(own).Error("the clean-up step panicked", "panic", fmt.Sprint(value))
		}
	}()
	if err := t.cleanup(own, payload, cause); err != nil {
		Logger(own).Warn("the clean-up step failed", "error", err.Error())
	}
}
