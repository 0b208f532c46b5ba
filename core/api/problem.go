package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/headrace/headrace/core/api/openapi"
	"github.com/headrace/headrace/sdk/fault"
)

// answerOf is the HTTP status and the title of a code.
type answerOf struct {
	status int
	title  string
}

// answers is the one place where codes become statuses; read only.
var answers = map[fault.Code]answerOf{
	fault.Unauthorized:        {http.StatusUnauthorized, "Not authorised"},
	fault.InvalidInput:        {http.StatusBadRequest, "Invalid input"},
	fault.NotFound:            {http.StatusNotFound, "Not found"},
	fault.RateLimitExceeded:   {http.StatusTooManyRequests, "Rate limit exceeded"},
	fault.ServiceUnavailable:  {http.StatusServiceUnavailable, "Service unavailable"},
	fault.InternalError:       {http.StatusInternalServerError, "Internal error"},
	fault.NetworkError:        {http.StatusBadGateway, "Network error"},
	fault.ValidationError:     {http.StatusUnprocessableEntity, "Validation error"},
	fault.TaskExecutionFailed: {http.StatusInternalServerError, "Task execution failed"},
	fault.TaskTimeout:         {http.StatusGatewayTimeout, "Task timeout"},
	fault.TaskCancelled:       {http.StatusConflict, "Task cancelled"},
}

// refusal is an error whose status is not that of its code.
type refusal struct {
	status int
	fault  *fault.Error
}

func refuse(status int, f *fault.Error) error { return &refusal{status, f} }

func (r *refusal) Error() string { return r.fault.Error() }
func (r *refusal) Unwrap() error { return r.fault }

// fail answers with problem details. Errors of others are made faults first.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := asFault(err)
	status := answers[f.Code].status
	if status == 0 {
		f = &fault.Error{Code: fault.InternalError, Err: err}
		status = http.StatusInternalServerError
	}
	if own, ok := errors.AsType[*refusal](err); ok {
		status = own.status
	}
	a.logFailure(r, status, err)
	setRetryAfter(w.Header(), status, f.RetryAfter)
	a.reply(w, status, problemJSON, encodeProblem(exchangeOf(r).requestID, status, f))
}

// asFault finds the fault in an error. A foreign error that shows that the
// store cannot be reached is no defect.
func asFault(err error) *fault.Error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	_, network := errors.AsType[net.Error](err)
	if network || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.ErrUnexpectedEOF) {
		return storeAway(err)
	}
	return &fault.Error{Code: fault.InternalError, Err: err}
}

func storeAway(cause error) *fault.Error {
	return &fault.Error{
		Code: fault.ServiceUnavailable, Op: "api", Msg: "the store does not answer", RetryAfter: time.Second, Err: cause,
	}
}

// logFailure tells the operator of defects, once. That the store is away is
// told by whoever watches it, not by every request.
func (a *API) logFailure(r *http.Request, status int, err error) {
	switch {
	case errors.Is(r.Context().Err(), context.Canceled):
		a.cfg.Logger.Debug("the client left", "request_id", exchangeOf(r).requestID, "error", err)
	case status == http.StatusInternalServerError:
		a.cfg.Logger.Error("request failed", "request_id", exchangeOf(r).requestID, "method", r.Method, "error", err)
	case status > http.StatusInternalServerError:
		a.cfg.Logger.Debug("request not served", "request_id", exchangeOf(r).requestID, "error", err)
	}
}

// setRetryAfter tells when to come again, in whole seconds, rounded up.
func setRetryAfter(h http.Header, status int, after time.Duration) {
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable && after <= 0 {
		return
	}
	h.Set("Retry-After", strconv.Itoa(wholeSeconds(after)))
}

// wholeSeconds rounds up, to 1 at least.
func wholeSeconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }

// encodeProblem writes problem details. The text of an internal error never
// leaves the engine.
func encodeProblem(requestID string, status int, f *fault.Error) []byte {
	detail := f.Msg
	if detail == "" || f.Code == fault.InternalError {
		detail = defaultDetail(f.Code)
	}
	recovery := f.Code.Recovery()
	p := openapi.Problem{
		Type: "urn:headrace:error:" + string(f.Code), Title: answers[f.Code].title, Status: status, Detail: detail,
		Instance: "urn:headrace:request:" + requestID, Code: openapi.Code(f.Code), Details: encodeDetails(f.Details),
		Recovery: openapi.Recovery{
			Retryable: recovery.Retryable, UserAction: recovery.UserAction,
			Alternative: recovery.Alternative, Blame: openapi.RecoveryBlame(recovery.Blame),
		},
		RequestID: requestID,
	}
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and checked JSON only
	}
	return text
}

// encodeDetails leaves out details that are not JSON: they are a help, no more.
func encodeDetails(details map[string]any) json.RawMessage {
	if len(details) == 0 {
		return nil
	}
	text, err := json.Marshal(details)
	if err != nil {
		return nil
	}
	return text
}

func defaultDetail(code fault.Code) string {
	if code == fault.InternalError {
		return "the request failed inside the engine"
	}
	return code.Recovery().Alternative
}

// panicked answers a request whose handler had a defect. Where the answer had
// begun already the connection ends, so that nobody takes it for whole.
func (a *API) panicked(w *recorder, r *http.Request, cause any) {
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(cause)
	}
	a.cfg.Logger.Error("panic in a request", "request_id", exchangeOf(r).requestID, "panic", cause, "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler)
	}
	const status = http.StatusInternalServerError
	a.reply(w, status, problemJSON, encodeProblem(exchangeOf(r).requestID, status, fault.New(fault.InternalError, "")))
}

// The types of the answers.
var (
	plainJSON   = []string{"application/json"}
	problemJSON = []string{"application/problem+json"}
)

// reply sends an answer as a whole.
func (a *API) reply(w http.ResponseWriter, status int, contentType []string, body []byte) {
	h := w.Header()
	h["Content-Type"] = contentType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil { //nolint:gosec // G705: it is JSON, and no browser may take it for anything else
		a.cfg.Logger.Debug("the client left before its answer", "error", err)
	}
}
