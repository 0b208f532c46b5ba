package sdk

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// The struct tags that describe a field besides json and jsonschema.
const (
	// tagDescription is the description of the field.
	tagDescription = "description"
	// tagDefault is the value of an absent field, which makes the field
	// optional: plain text for a string, JSON for anything else.
	tagDefault = "default"
	// tagSecret ("true") marks a value that must never be shown: writeOnly in
	// the schema.
	tagSecret = "secret"
)

// schemaFor derives the JSON Schema of t and the defaults of its fields. The
// schema of a type that takes everything is empty.
func schemaFor(t reflect.Type) (json.RawMessage, []fieldDefault, error) {
	known := map[reflect.Type]*jsonschema.Schema{}
	collectTextTypes(t, known, map[reflect.Type]bool{})
	schema, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: known})
	if err != nil {
		return nil, nil, fmt.Errorf("derive the JSON Schema: %w", err)
	}
	tags := tagReader{known: known}
	if err := tags.read(t, schema, place{fixed: true}); err != nil {
		return nil, nil, err
	}
	raw, err := json.Marshal(schema)
	if err != nil {
		return nil, nil, fmt.Errorf("write the JSON Schema: %w", err)
	}
	if string(raw) == "true" || string(raw) == "{}" {
		raw = nil
	}
	return raw, tags.defaults, nil
}

// collectTextTypes finds the types inside t that write themselves as JSON, which
// the schema cannot see from their fields.
func collectTextTypes(t reflect.Type, known map[reflect.Type]*jsonschema.Schema, seen map[reflect.Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	if schema := ownSchema(t); schema != nil {
		known[t] = schema
		return
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		collectTextTypes(t.Elem(), known, seen)
	case reflect.Struct:
		for _, field := range reflect.VisibleFields(t) {
			collectTextTypes(field.Type, known, seen)
		}
	default:
	}
}

// ownSchema is the schema of a type that does not follow its Go kind, else nil.
func ownSchema(t reflect.Type) *jsonschema.Schema {
	switch {
	case t == reflect.TypeFor[json.RawMessage]():
		return &jsonschema.Schema{}
	case t == reflect.TypeFor[json.Number]():
		return &jsonschema.Schema{Type: "number"}
	case t == reflect.TypeFor[time.Time]():
		return &jsonschema.Schema{Type: "string", Format: "date-time"}
	case t == reflect.TypeFor[Duration]():
		return durationSchema()
	case t == reflect.TypeFor[[]byte]():
		return &jsonschema.Schema{Type: "string", ContentEncoding: "base64"}
	case t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer:
		return nil
	case reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()):
		return &jsonschema.Schema{}
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return &jsonschema.Schema{Type: "string"}
	}
	return nil
}

// tagReader carries the struct tags of a type into its schema.
type tagReader struct {
	known    map[reflect.Type]*jsonschema.Schema
	defaults []fieldDefault
}

// place is where a type lies within the whole.
type place struct {
	// index leads from the root to it.
	index []int
	// fixed: every value has it exactly there, so that defaults can work.
	fixed bool
}

// read walks t and its schema together; at is where t lies.
func (r *tagReader) read(t reflect.Type, schema *jsonschema.Schema, at place) error {
	if schema == nil || r.known[t] != nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return r.read(t.Elem(), schema, place{})
	case reflect.Slice, reflect.Array:
		return r.read(t.Elem(), schema.Items, place{})
	case reflect.Map:
		return r.read(t.Elem(), schema.AdditionalProperties, place{})
	case reflect.Struct:
		return r.readFields(t, schema, at)
	default:
		return nil
	}
}

func (r *tagReader) readFields(t reflect.Type, schema *jsonschema.Schema, at place) error {
	for _, field := range reflect.VisibleFields(t) {
		name := jsonName(field)
		property := schema.Properties[name]
		if field.Anonymous || property == nil {
			continue
		}
		inner := place{
			index: slices.Concat(at.index, field.Index),
			fixed: at.fixed && !throughPointer(t, field.Index),
		}
		if err := r.readField(field, property, inner); err != nil {
			return fmt.Errorf("field %s: %w", field.Name, err)
		}
		if property.Default != nil {
			schema.Required = slices.DeleteFunc(schema.Required, func(s string) bool { return s == name })
		}
	}
	return nil
}

func (r *tagReader) readField(field reflect.StructField, property *jsonschema.Schema, at place) error {
	if text, ok := field.Tag.Lookup(tagDescription); ok {
		property.Description = text
	}
	property.WriteOnly = field.Tag.Get(tagSecret) == "true"
	if text, ok := field.Tag.Lookup(tagDefault); ok {
		if !at.fixed {
			return errors.New("a default inside a list, map or pointer is not supported")
		}
		value, err := defaultValue(field.Type, property, text)
		if err != nil {
			return err
		}
		property.Default = value
		r.defaults = append(r.defaults, fieldDefault{index: at.index, value: value})
	}
	return r.read(field.Type, property, at)
}

// defaultValue reads the text of a default tag and proves that it fits the field.
func defaultValue(t reflect.Type, property *jsonschema.Schema, text string) (json.RawMessage, error) {
	value := json.RawMessage(text)
	if property.Type == "string" {
		quoted, err := json.Marshal(text)
		if err != nil {
			return nil, fmt.Errorf("default %q: %w", text, err)
		}
		value = quoted
	}
	if err := json.Unmarshal(value, reflect.New(t).Interface()); err != nil {
		return nil, fmt.Errorf("default %q: %w", text, err)
	}
	return value, nil
}

// throughPointer tells whether the way to a promoted field leads through an
// embedded pointer, which may be nil.
func throughPointer(t reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		t = t.Field(i).Type
		if t.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}

// jsonName is the name of a field in JSON; "-" fields have no property and so
// are never found.
func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	if name == "" {
		return field.Name
	}
	return name
}
