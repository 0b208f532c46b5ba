package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/headrace/headrace/sdk/client/rest"
)

// The values of the API, by the names that they have there.
type (
	// Task is a task as the API shows it; fields that are not set are zero.
	Task = rest.Task
	// Submission describes a task to submit. Only Type is required.
	Submission = rest.Submission
	// Status is where a task stands in its life.
	Status = rest.Status
	// BatchResult is the fate of one task of a batch: Task, or Error with a Code.
	BatchResult = rest.BatchResult
	// TaskPage is one page of tasks; NextCursor is empty on the last one.
	TaskPage = rest.TaskPage
	// Event is one event of the audit log.
	Event = rest.Event
	// EventPage is one page of events; NextCursor is empty on the last one.
	EventPage = rest.EventPage
	// Breaker is a circuit breaker.
	Breaker = rest.Breaker
	// Schedule is a cron schedule with its next fire times.
	Schedule = rest.Schedule
	// TaskType is a task type with its limits and its state.
	TaskType = rest.TaskType
)

// The time-outs of the client that New makes by itself.
const (
	// requestTime bounds one request with its answer; a batch of 32 MiB may take
	// the server a minute to receive.
	requestTime = 90 * time.Second
)

// Option changes how a Client works.
type Option func(*Client)

// WithHTTPClient replaces the HTTP client, for another transport or time-out.
func WithHTTPClient(c *http.Client) Option {
	return func(client *Client) { client.http = c }
}

// Client speaks with one server. Its methods may be called from many goroutines
// at once.
type Client struct {
	http  *http.Client
	rest  *rest.Client
	token string
}

// New makes a client for the server at addr, a URL such as
// http://127.0.0.1:8080, with an API key.
func New(addr, token string, opts ...Option) (*Client, error) {
	u, err := url.Parse(addr)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the address of the server: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("the address of the server must be a URL such as http://127.0.0.1:8080, not %q", addr)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the address of the server must have no user, query or fragment")
	}
	c := &Client{token: token, http: &http.Client{Timeout: requestTime, CheckRedirect: noRedirect}}
	for _, opt := range opts {
		opt(c)
	}
	c.rest, err = rest.NewClient(addr, rest.WithHTTPClient(c.http), rest.WithRequestEditorFn(c.authorize))
	return c, err
}

// noRedirect keeps the key at the server that it was meant for.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (c *Client) authorize(_ context.Context, r *http.Request) error {
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	return nil
}
