package httptask

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/headrace/headrace/sdk"
	"github.com/headrace/headrace/sdk/fault"
	"github.com/headrace/headrace/sdk/netguard"
)

// Request is the payload of http.request.
type Request struct {
	Method  string            `json:"method,omitempty" default:"GET" description:"GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS"`
	URL     string            `json:"url" description:"http or https"`
	Headers map[string]string `json:"headers,omitempty" description:"headers of the request"`
	// Body is sent as it is when it is a string, else as JSON.
	Body json.RawMessage `json:"body,omitempty" description:"a string is sent as it is, anything else as JSON"`
	// Timeout covers the whole exchange; the task's own time limit holds as well.
	Timeout sdk.Duration `json:"timeout,omitempty" description:"time for the whole exchange, such as 10s"`
}

// methods are those that a task may use. CONNECT and TRACE are not among them.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
	http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// userAgent names the sender to the destination.
const userAgent = "headrace-http/1.0"

// errTimeout is the cause of a context that the payload's own timeout ended.
var errTimeout = errors.New("the request ran out of time")

// request does one task.
func request(ctx context.Context, in Request) (Response, error) {
	config := sdk.Config[Config](ctx)
	if in.Timeout < 0 {
		return Response{}, fault.Newf(fault.ValidationError, "timeout is %s, which is no time", in.Timeout)
	}
	if in.Timeout > 0 {
		limited, cancel := context.WithTimeoutCause(ctx, in.Timeout.Std(), errTimeout)
		defer cancel()
		ctx = limited
	}
	outgoing, err := build(ctx, in)
	if err != nil {
		return Response{}, err
	}
	answer, err := config.client.Do(outgoing) //nolint:bodyclose // read closes it
	if err != nil {
		return Response{}, failure(ctx, err)
	}
	response, err := read(answer, config.MaxResponse)
	if err != nil {
		return Response{}, failure(ctx, err)
	}
	return response, judge(answer, response)
}

// build makes the request, or says what is wrong with the payload.
func build(ctx context.Context, in Request) (*http.Request, error) {
	method := strings.ToUpper(in.Method)
	if !slices.Contains(methods, method) {
		return nil, fault.Newf(fault.ValidationError, "method %q is none of %s", in.Method, strings.Join(methods, ", "))
	}
	target, err := url.Parse(in.URL)
	if err != nil {
		return nil, fault.New(fault.ValidationError, "url cannot be read")
	}
	if err := netguard.CheckURL(target); err != nil {
		return nil, fault.Wrap(fault.ValidationError, err)
	}
	body, isJSON, err := bodyOf(in.Body)
	if err != nil {
		return nil, err
	}
	outgoing, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap(fault.ValidationError, err)
	}
	if isJSON {
		outgoing.Header.Set("Content-Type", "application/json")
	}
	return outgoing, setHeaders(ctx, outgoing, in.Headers)
}

// bodyOf decodes a body that is a string and passes on any other JSON.
func bodyOf(raw json.RawMessage) (body []byte, isJSON bool, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, false, nil
	}
	if raw[0] != '"' {
		return raw, true, nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, false, fault.Wrap(fault.ValidationError, err)
	}
	return []byte(text), false, nil
}

// setHeaders sets the defaults, then what the payload wants.
func setHeaders(ctx context.Context, r *http.Request, headers map[string]string) error {
	attempt := sdk.Attempt(ctx)
	r.Header.Set("User-Agent", userAgent)
	if attempt.TaskID != "" {
		r.Header.Set("Idempotency-Key", attempt.TaskID)
	}
	if attempt.Traceparent != "" {
		r.Header.Set("Traceparent", attempt.Traceparent)
	}
	for name, value := range headers {
		if !validName(name) || strings.ContainsAny(value, "\r\n\x00") {
			return fault.Newf(fault.ValidationError, "header %q is no valid header", name)
		}
		if strings.EqualFold(name, "Host") {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
	return nil
}

// validName tells whether a header's name is a token as RFC 9110 has it.
func validName(name string) bool {
	const special = "!#$%&'*+-.^_`|~"
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune(special, r)
	})
}

// failure classifies an exchange that gave no answer.
func failure(ctx context.Context, err error) error {
	var (
		own     *fault.Error
		refused *netguard.RefusedError
	)
	switch {
	case errors.As(err, &own):
		return err
	case errors.Is(context.Cause(ctx), errTimeout):
		return fault.New(fault.TaskTimeout, errTimeout.Error())
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &refused):
		return fault.Wrap(fault.ValidationError, refused)
	}
	return fault.Wrap(fault.NetworkError, err)
}
