package client

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/headrace/headrace/sdk/client/rest"
	"github.com/headrace/headrace/sdk/fault"
)

// maxAnswer bounds an answer: a thousand tasks with payload and result of 1 MiB
// each would be more, and no program wants them at once.
const maxAnswer = 256 << 20

// read decodes an answer into a value, or into the fault that it is. It takes
// what the generated methods return.
func read[T any](response *http.Response, err error) (value T, _ error) {
	if err != nil {
		return value, unreachable(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return value, unreachable(err)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return value, faultOf(response, body)
	}
	if err := json.Unmarshal(body, &value); err != nil {
		return value, &fault.Error{Code: fault.InternalError, Op: "client", Msg: "the answer of the server cannot be read", Err: err}
	}
	return value, nil
}

// readNothing is read for an answer that has no body.
func readNothing(response *http.Response, err error) error {
	if err != nil {
		return unreachable(err)
	}
	if response.StatusCode != http.StatusNoContent {
		_, err := read[json.RawMessage](response, nil)
		return err
	}
	return response.Body.Close()
}

func unreachable(err error) error {
	return &fault.Error{Code: fault.NetworkError, Op: "client", Msg: "the server cannot be reached", Err: err}
}

// faultOf reads problem details. What is none comes from something else than
// Headrace, a proxy for one.
func faultOf(response *http.Response, body []byte) error {
	f := &fault.Error{Code: fault.InternalError, Op: "client", RetryAfter: retryAfter(response.Header)}
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	var p rest.Problem
	if err != nil || kind != "application/problem+json" || json.Unmarshal(body, &p) != nil {
		f.Msg = fmt.Sprintf("the server answered %s", response.Status)
		if response.StatusCode == http.StatusBadGateway || response.StatusCode == http.StatusServiceUnavailable {
			f.Code = fault.ServiceUnavailable
		}
		return f
	}
	f.Code, f.Msg = fault.Code(p.Code), p.Detail
	if len(p.Details) > 0 {
		decoder := json.NewDecoder(strings.NewReader(string(p.Details)))
		decoder.UseNumber()
		if err := decoder.Decode(&f.Details); err != nil {
			f.Details = nil // a help, no more
		}
	}
	return f
}

func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
