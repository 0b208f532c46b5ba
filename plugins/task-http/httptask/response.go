package httptask

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headrace/headrace/sdk/fault"
)

// Response is the result of http.request.
type Response struct {
	Status int `json:"status"`
	// Headers has repeated ones joined by ", ".
	Headers map[string]string `json:"headers"`
	// Body is text, or base64 when BodyEncoding says so.
	Body string `json:"body"`
	// BodyEncoding is "base64" for a body that is no text, else absent.
	BodyEncoding string `json:"body_encoding,omitempty" description:"base64 when the body is no text"`
}

const (
	// maxExcerpt is how much of an answer's body goes into an error, in bytes.
	maxExcerpt = 1 << 10
	// maxRetryAfter is the longest wait that a destination may ask for.
	maxRetryAfter = 24 * time.Hour
)

// read takes the answer in. A body beyond the limit is an error: half of it would
// be taken for the whole.
func read(answer *http.Response, limit int64) (response Response, err error) {
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return Response{}, err
	}
	if int64(len(body)) > limit {
		return Response{}, fault.Permanent(fault.Newf(fault.TaskExecutionFailed,
			"the answer's body has more than the allowed %d bytes", limit))
	}
	response = Response{Status: answer.StatusCode, Headers: map[string]string{}}
	for name, values := range answer.Header {
		response.Headers[clean(name)] = clean(strings.Join(values, ", "))
	}
	response.Body = string(body)
	if !utf8.Valid(body) || strings.ContainsRune(response.Body, 0) {
		response.Body, response.BodyEncoding = base64.StdEncoding.EncodeToString(body), "base64"
	}
	return response, nil
}

func clean(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// judge turns a status that means failure into its fault.
func judge(answer *http.Response, response Response) error {
	if answer.StatusCode < http.StatusBadRequest {
		return nil
	}
	failed := &fault.Error{
		Msg:     "the destination answered " + clean(answer.Status),
		Details: map[string]any{"status": answer.StatusCode, "body": excerpt(response)},
	}
	switch {
	case answer.StatusCode >= http.StatusInternalServerError:
		failed.Code = fault.ServiceUnavailable
		failed.RetryAfter = retryAfter(answer, time.Now())
	case answer.StatusCode == http.StatusTooManyRequests:
		failed.Code = fault.RateLimitExceeded
		failed.RetryAfter = retryAfter(answer, time.Now())
	default:
		failed.Code = fault.TaskExecutionFailed
		failed.Retry = fault.Never
	}
	return failed
}

func excerpt(response Response) string {
	if len(response.Body) <= maxExcerpt {
		return response.Body
	}
	return clean(response.Body[:maxExcerpt])
}

// retryAfter reads the header in both of its forms, seconds and date; 0 when there
// is none, or when it says nothing useful.
func retryAfter(answer *http.Response, now time.Time) time.Duration {
	text := strings.TrimSpace(answer.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		limit := int64(maxRetryAfter / time.Second)
		return time.Duration(min(max(seconds, 0), limit)) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}
