package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// client speaks to a Headrace node as any user does: HTTP with connections that stay.
type client struct {
	base, key string
	http      *http.Client
}

func newClient(base, key string) *client {
	return &client{base: base, key: key, http: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 2 * submitters}, Timeout: time.Minute,
	}}
}

// answerLimit bounds what is read of an answer; the metrics are the longest.
const answerLimit = 4 << 20

// ask sends a request and returns the answer with its body.
func (c *client) ask(ctx context.Context, method, route, body string) (answer *http.Response, text []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+route, strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	answer, err = c.http.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	text, err = io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	return answer, text, err
}

// submit hands in one task; it is durable when submit returns.
func (c *client) submit(ctx context.Context, taskType string) (uuid.UUID, error) {
	answer, text, err := c.ask(ctx, http.MethodPost, "/api/tasks", `{"type":"`+taskType+`","payload":`+payload+`}`)
	if err != nil {
		return uuid.Nil, err
	}
	if answer.StatusCode != http.StatusCreated {
		return uuid.Nil, fmt.Errorf("the task was not accepted: %s: %s", answer.Status, text)
	}
	return uuid.Parse(path.Base(answer.Header.Get("Location")))
}

// stamped returns what a task of the stamp plugin has answered; done is false while it has not.
func (c *client) stamped(ctx context.Context, id uuid.UUID) (at time.Time, done bool, err error) {
	answer, text, err := c.ask(ctx, http.MethodGet, "/api/tasks/"+id.String(), "")
	if err != nil {
		return time.Time{}, false, err
	}
	var shown struct {
		Status string `json:"status"`
		Result struct {
			UnixNano int64 `json:"unix_nano"`
		} `json:"result"`
	}
	if err := json.Unmarshal(text, &shown); err != nil || answer.StatusCode != http.StatusOK {
		return time.Time{}, false, errors.Join(fmt.Errorf("task %s: %s: %s", id, answer.Status, text), err)
	}
	switch shown.Status {
	case "completed":
		return time.Unix(0, shown.Result.UnixNano), true, nil
	case "pending", "running":
		return time.Time{}, false, nil
	}
	return time.Time{}, false, fmt.Errorf("task %s has ended as %s", id, text)
}

// healthy tells whether the node and all of its plugins work.
func (c *client) healthy(ctx context.Context) bool {
	_, text, err := c.ask(ctx, http.MethodGet, "/health", "")
	var shown struct {
		Status string `json:"status"`
	}
	return err == nil && json.Unmarshal(text, &shown) == nil && shown.Status == "ok"
}

func (c *client) metrics(ctx context.Context) ([]byte, error) {
	answer, text, err := c.ask(ctx, http.MethodGet, "/metrics", "")
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("the metrics: %s", answer.Status)
	}
	return text, err
}

func (c *client) close() { c.http.CloseIdleConnections() }

// histogramMeans reads the mean of histograms without labels in Prometheus' text format; what has
// observed nothing is left out.
func histogramMeans(text io.Reader, names ...string) (map[string]float64, error) {
	values := map[string]float64{}
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		name, value, found := strings.Cut(lines.Text(), " ")
		if !found || strings.HasPrefix(name, "#") {
			continue
		}
		if number, err := strconv.ParseFloat(value, 64); err == nil { // what is labelled with spaces is none of ours
			values[name] = number
		}
	}
	means := map[string]float64{}
	for _, name := range names {
		if count := values[name+"_count"]; count > 0 {
			means[name] = values[name+"_sum"] / count
		}
	}
	return means, lines.Err()
}
