package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/headrace/headrace/sdk/fault"
)

// TaskType is one kind of work, made by [Task].
type TaskType struct {
	name, description           string
	payloadSchema, resultSchema json.RawMessage
	run                         func(ctx context.Context, payload []byte) ([]byte, error)
	// in is the type of the payload; cleanup is nil when there is none.
	in      reflect.Type
	cleanup func(ctx context.Context, payload []byte, cause error) error
	err     error
}

// TaskOption adds what a type can say about itself besides its handler.
type TaskOption func(*TaskType)

// WithDescription says in a line what the task type does.
func WithDescription(text string) TaskOption {
	return func(t *TaskType) { t.description = text }
}

// Task makes a task type from its name and its handler. Both schemas come from
// the types In and Out; a type that has no schema (a channel, a cycle) is
// reported by [Serve].
func Task[In, Out any](name string, fn func(context.Context, In) (Out, error), opts ...TaskOption) TaskType {
	payload, payloadErr := shapeOf[In]()
	result, resultErr := shapeOf[Out]()
	t := TaskType{
		name:          name,
		payloadSchema: payload.schema,
		resultSchema:  result.schema,
		run:           runner(payload, fn),
		in:            reflect.TypeFor[In](),
		err:           errors.Join(prefix("payload", payloadErr), prefix("result", resultErr)),
	}
	if fn == nil {
		t.err = errors.Join(t.err, errors.New("no handler"))
	}
	for _, opt := range opts {
		opt(&t)
	}
	return t
}

// prefix names the part that err is about; nil stays nil.
func prefix(part string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", part, err)
}

// runner puts decoding before the handler and encoding after it.
func runner[In, Out any](payload *shape[In], fn func(context.Context, In) (Out, error)) func(context.Context, []byte) ([]byte, error) {
	return func(ctx context.Context, raw []byte) ([]byte, error) {
		in, err := payload.decode(raw)
		if err != nil {
			return nil, &fault.Error{
				Code: fault.ValidationError, Msg: "the payload does not fit: " + err.Error(), Err: err,
			}
		}
		out, err := fn(ctx, in)
		if err != nil {
			return nil, err
		}
		return encode(out)
	}
}

// encode turns a handler's answer into JSON. An answer that is JSON already is
// checked and passed on untouched, so that no number changes.
func encode(out any) ([]byte, error) {
	if raw, ok := out.(json.RawMessage); ok {
		if len(raw) != 0 && !json.Valid(raw) {
			return nil, fault.Permanent(fault.New(fault.InternalError, "the plugin's result is not JSON"))
		}
		return raw, nil
	}
	text, err := json.Marshal(out)
	if err != nil {
		return nil, fault.Permanent(&fault.Error{
			Code: fault.InternalError, Msg: "the plugin's result cannot be written as JSON", Err: err,
		})
	}
	return text, nil
}
