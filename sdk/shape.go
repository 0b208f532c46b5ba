package sdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// shape is a Go type as a JSON document: its schema, and how to decode it.
type shape[T any] struct {
	// schema is empty when the type takes everything.
	schema   json.RawMessage
	defaults []fieldDefault
	// verbatim: T is json.RawMessage, which needs no decoding.
	verbatim bool
}

// shapeOf derives the shape of T. It returns a shape also with an error, so that
// a broken task type can still be listed.
func shapeOf[T any]() (*shape[T], error) {
	t := reflect.TypeFor[T]()
	schema, defaults, err := schemaFor(t)
	if err != nil {
		return &shape[T]{}, err
	}
	return &shape[T]{
		schema:   schema,
		defaults: defaults,
		verbatim: t == reflect.TypeFor[json.RawMessage](),
	}, nil
}

// decode reads one JSON document strictly: unknown fields and anything behind
// the document are errors. An empty document is an empty object.
func (s *shape[T]) decode(raw []byte) (T, error) {
	var value T
	if s.verbatim {
		reflect.ValueOf(&value).Elem().SetBytes(raw)
		return value, nil
	}
	if len(raw) == 0 {
		raw = []byte("{}")
	}
	for _, d := range s.defaults {
		if err := d.apply(reflect.ValueOf(&value).Elem()); err != nil {
			return value, err
		}
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&value); err != nil {
		return value, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return value, errors.New("there is something behind the JSON document")
	}
	return value, nil
}

// fieldDefault is the value that a field has when the document lacks it.
type fieldDefault struct {
	// index is the path to the field, as in reflect.Type.FieldByIndex.
	index []int
	value json.RawMessage
}

// apply sets the field anew each time, since decoding writes into slices and
// maps that are there already.
func (d fieldDefault) apply(root reflect.Value) error {
	field := root.FieldByIndex(d.index)
	if err := json.Unmarshal(d.value, field.Addr().Interface()); err != nil {
		return fmt.Errorf("default of %s: %w", root.Type().FieldByIndex(d.index).Name, err)
	}
	return nil
}
