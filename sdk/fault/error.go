package fault

import (
	"errors"
	"fmt"
	"time"
)

// Error is the one error type that crosses package and process borders.
type Error struct {
	// Code decides the HTTP status and the recovery.
	Code Code
	// Op is what was tried, as package.Operation; for logs.
	Op string
	// Msg is safe to show to the caller.
	Msg string
	// Details are safe to show too: named values that help the caller.
	Details map[string]any
	// RetryAfter is the wait before the next try; 0 leaves it to the policy.
	RetryAfter time.Duration
	// Retry overrides the code's own answer to "is it tried again?".
	Retry Override
	// Err is the cause: logged, never shown.
	Err error
}

// Override replaces the code's retry rule for one error.
type Override int8

const (
	// ByCode leaves the decision to the code.
	ByCode Override = iota
	// Always tries again although the code says no.
	Always
	// Never gives up although the code says yes.
	Never
)

// Error joins the parts for a log line; Msg alone is for callers.
func (e *Error) Error() string {
	text := string(e.Code)
	if e.Op != "" {
		text = e.Op + ": " + text
	}
	if e.Msg != "" {
		text += ": " + e.Msg
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// Retryable tells whether the engine may try again.
func (e *Error) Retryable() bool {
	switch e.Retry {
	case Always:
		return true
	case Never:
		return false
	case ByCode:
	}
	return e.Code.Recovery().Retryable
}

// New makes an error with a message that is safe to show.
func New(code Code, msg string) *Error { return &Error{Code: code, Msg: msg} }

// Newf is New with a format; the arguments must be safe to show too.
func Newf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Msg: fmt.Sprintf(format, args...)}
}

// Wrap gives err a code. The text of err becomes the message, so use it where
// that text is meant for the caller; New with Err set hides a cause.
// A nil err gives a nil error.
func Wrap(code Code, err error) error {
	if err == nil {
		return nil
	}
	wrapped := clone(err)
	wrapped.Code = code
	return wrapped
}

// Retry asks for another try after the given time, whatever the code says.
// 0 leaves the time to the policy. A nil err gives a nil error.
func Retry(err error, after time.Duration) error {
	if err == nil {
		return nil
	}
	again := clone(err)
	again.Retry, again.RetryAfter = Always, after
	return again
}

// Permanent forbids another try, whatever the code says. A nil err gives a nil
// error.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	final := clone(err)
	final.Retry, final.RetryAfter = Never, 0
	return final
}

// From finds the Error inside err. A foreign error becomes the given code with
// an empty message: its text was not written for callers.
func From(err error, code Code) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: code, Err: err}
}

// CodeOf returns the code inside err; foreign errors are InternalError and a
// nil error has none.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	return From(err, InternalError).Code
}

// clone copies the Error inside err, or makes one of TaskExecutionFailed with
// the text of err: the code of a handler's plain error.
func clone(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		c := *e
		c.Err = err
		return &c
	}
	return &Error{Code: TaskExecutionFailed, Msg: err.Error(), Err: err}
}
