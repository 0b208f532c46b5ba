package tasktype

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/headrace/headrace/sdk/fault"
)

// Schema checks JSON documents against a JSON Schema.
type Schema struct {
	raw      json.RawMessage
	compiled *jsonschema.Schema
	// everything: the schema accepts any document, so none has to be decoded.
	everything bool
}

// noLoader refuses references to other documents: a plugin's schema must not
// make the engine read files or the network.
type noLoader struct{}

// Load implements jsonschema.URLLoader.
func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("a plugin's schema must not refer to %s", url)
}

// CompileSchema reads a JSON Schema; empty text makes a schema that accepts
// anything.
func CompileSchema(raw json.RawMessage) (*Schema, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return &Schema{everything: true}, nil
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.UseLoader(noLoader{})
	const url = "urn:headrace:schema"
	if err := compiler.AddResource(url, doc); err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	compiled, err := compiler.Compile(url)
	if err != nil {
		return nil, fmt.Errorf("compile the schema: %w", err)
	}
	return &Schema{raw: raw, compiled: compiled, everything: acceptsEverything(doc)}, nil
}

// acceptsEverything recognises true and {} without keywords that restrict.
func acceptsEverything(doc any) bool {
	switch d := doc.(type) {
	case bool:
		return d
	case map[string]any:
		for key := range d {
			if key != "$schema" && key != "title" && key != "description" {
				return false
			}
		}
		return true
	}
	return false
}

// JSON returns the text of the schema; empty when anything goes.
func (s *Schema) JSON() json.RawMessage { return s.raw }

// Check returns a ValidationError that names each field which does not fit. A
// nil schema accepts anything.
func (s *Schema) Check(document json.RawMessage) *fault.Error {
	if s == nil || s.everything {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return &fault.Error{Code: fault.InvalidInput, Msg: "the payload is not JSON", Err: err}
	}
	err = s.compiled.Validate(value)
	if err == nil {
		return nil
	}
	var violations *jsonschema.ValidationError
	if !errors.As(err, &violations) {
		return &fault.Error{Code: fault.InternalError, Op: "tasktype.Check", Err: err}
	}
	fields := map[string]any{}
	describe(violations, fields)
	return &fault.Error{
		Code:    fault.ValidationError,
		Msg:     "the payload does not fit the schema of its type",
		Details: map[string]any{"fields": fields},
	}
}

// describe collects the innermost causes by JSON pointer.
func describe(v *jsonschema.ValidationError, fields map[string]any) {
	if len(v.Causes) == 0 {
		var pointer strings.Builder
		pointer.WriteString("/payload")
		for _, part := range v.InstanceLocation {
			pointer.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(part))
		}
		fields[pointer.String()] = v.ErrorKind.LocalizedString(message.NewPrinter(language.English))
		return
	}
	for _, cause := range v.Causes {
		describe(cause, fields)
	}
}
