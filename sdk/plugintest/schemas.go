package plugintest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/headrace/headrace/sdk"
	"github.com/headrace/headrace/sdk/fault"
)

// schemas are those of one task type; nil takes everything.
type schemas struct {
	payload, result *jsonschema.Resolved
}

func compileSchemas(p sdk.Plugin) (map[string]schemas, error) {
	description, err := sdk.Describe(p)
	if err != nil {
		return nil, err
	}
	compiled := map[string]schemas{}
	for _, t := range description.TaskTypes {
		payload, err := compile(t.PayloadSchema)
		if err != nil {
			return nil, fmt.Errorf("payload schema of %s: %w", t.Name, err)
		}
		result, err := compile(t.ResultSchema)
		if err != nil {
			return nil, fmt.Errorf("result schema of %s: %w", t.Name, err)
		}
		compiled[t.Name] = schemas{payload: payload, result: result}
	}
	return compiled, nil
}

func compile(raw json.RawMessage) (*jsonschema.Resolved, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(raw, &schema); err != nil {
		return nil, err
	}
	return schema.Resolve(nil)
}

// validate checks a document as the engine does.
func validate(schema *jsonschema.Resolved, what string, document json.RawMessage) *fault.Error {
	if schema == nil {
		return nil
	}
	value, err := decode(document)
	if err != nil {
		return fault.Newf(fault.InvalidInput, "the %s is not JSON: %v", what, err)
	}
	if err := schema.Validate(value); err != nil {
		return &fault.Error{
			Code: fault.ValidationError, Msg: fmt.Sprintf("the %s does not fit its schema: %v", what, err), Err: err,
		}
	}
	return nil
}

// decode reads a document whose numbers may be larger than a float64 holds, which
// JSON allows: such a number is as large as possible for the schema.
func decode(document []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(document))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return nil, err
	}
	return withFloats(value), nil
}

func withFloats(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			v[name] = withFloats(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = withFloats(inner)
		}
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return math.Copysign(math.MaxFloat64, f)
		}
		return f
	}
	return value
}
