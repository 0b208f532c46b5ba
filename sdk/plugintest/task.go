package plugintest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/headrace/headrace/sdk/fault"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// Task is one attempt at a task as the engine would hand it over.
type Task struct {
	Type string
	// Payload is written as JSON; json.RawMessage is taken as it is, and nil is
	// an empty object.
	Payload any
	// ID is the task's UUID; empty takes a new one.
	ID string
	// Attempt is its number; 0 means 1.
	Attempt int
	// Timeout is the attempt's time; 0 is none.
	Timeout time.Duration
	// Metadata is what the submitter attached; nil is none.
	Metadata map[string]any
	// Traceparent is the W3C trace context.
	Traceparent string
	// SkipSchema hands the payload over although it does not fit the schema, as
	// happens to a task that was submitted under an older version of the plugin.
	SkipSchema bool
}

// Outcome is the end of an attempt, with everything said on the way.
type Outcome struct {
	// Result is the JSON that the handler returned.
	Result json.RawMessage
	// Fault is set unless the attempt was completed.
	Fault *fault.Error
	// Retry tells whether the engine would try again.
	Retry bool
	// Logs and Progress are in the order in which they came; of progress only
	// some arrives, since the newest replaces what has not been sent.
	Logs     []Log
	Progress []Progress
}

// Log is one line that the handler wrote.
type Log struct {
	Level   string
	Message string
	Fields  map[string]any
}

// Progress is one report of the handler.
type Progress struct {
	Fraction float64
	Note     string
}

// Run does one task and returns its result or its fault. When ctx ends, the
// attempt is cancelled as the engine does it, and its outcome is returned.
func (p *Plugin) Run(ctx context.Context, taskType string, payload any) (json.RawMessage, *fault.Error) {
	p.t.Helper()
	outcome := p.Do(ctx, Task{Type: taskType, Payload: payload})
	return outcome.Result, outcome.Fault
}

// Do is Run with everything that an attempt has.
func (p *Plugin) Do(ctx context.Context, task Task) Outcome {
	p.t.Helper()
	assignment, refused := p.assignment(task)
	if refused != nil {
		return Outcome{Fault: refused}
	}
	outcome := p.stream.do(ctx, p.t, assignment)
	if outcome.Fault == nil && len(outcome.Result) > 0 {
		if wrong := validate(p.schemas[task.Type].result, "result", outcome.Result); wrong != nil {
			p.t.Errorf("plugintest: task type %s: %s", task.Type, wrong.Msg)
		}
	}
	return outcome
}

func (p *Plugin) assignment(task Task) (*pb.Assignment, *fault.Error) {
	p.t.Helper()
	payload := p.marshal("payload", task.Payload, "{}")
	if !task.SkipSchema {
		if wrong := validate(p.schemas[task.Type].payload, "payload", payload); wrong != nil {
			return nil, wrong
		}
	}
	return &pb.Assignment{
		Id:          p.id(task.ID),
		Type:        task.Type,
		PublicType:  task.Type,
		Payload:     payload,
		Attempt:     int32(max(task.Attempt, 1)),
		TimeoutMs:   task.Timeout.Milliseconds(),
		Metadata:    p.marshal("metadata", task.Metadata, ""),
		Traceparent: task.Traceparent,
	}, nil
}

// Raw is a payload that is JSON text already.
func Raw(text string) json.RawMessage { return json.RawMessage(text) }

// marshal writes a part of the task as JSON; nothing becomes empty.
func (p *Plugin) marshal(what string, value any, empty string) json.RawMessage {
	p.t.Helper()
	if raw, ok := value.(json.RawMessage); ok && len(raw) > 0 {
		return raw // Untouched: json.Marshal would compact it.
	}
	raw, err := json.Marshal(value)
	if err != nil {
		p.t.Fatalf("plugintest: write the %s as JSON: %v", what, err)
	}
	if string(raw) == "null" {
		return json.RawMessage(empty)
	}
	return raw
}

// id reads a UUID or makes one.
func (p *Plugin) id(text string) []byte {
	p.t.Helper()
	id := make([]byte, 16)
	if text == "" {
		rand.Read(id)
		return id
	}
	if _, err := hex.Decode(id, []byte(strings.ReplaceAll(text, "-", ""))); err != nil {
		p.t.Fatalf("plugintest: task id %q: %v", text, err)
	}
	return id
}
