package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Diagnostic is one thing that is wrong with a configuration. The engine shows it
// with file, line and column.
type Diagnostic struct {
	// Path leads from the config block to the attribute, by its names in JSON;
	// empty means the block itself.
	Path []string
	// Summary is one line. It must not repeat a secret.
	Summary string
	// Detail says what to do about it; may be empty.
	Detail string
}

// ConfigType is the shape of a plugin's config block, made by [ConfigOf].
type ConfigType struct {
	schema json.RawMessage
	open   func(ctx context.Context, raw []byte) (any, []Diagnostic)
	check  func(ctx context.Context, value any) []Diagnostic
	close  func(value any)
	err    error
}

// ConfigOption adds a hook to [ConfigOf].
type ConfigOption[T any] func(*configHooks[T])

type configHooks[T any] struct {
	open  func(context.Context, *T) []Diagnostic
	check func(context.Context, T) []Diagnostic
	close func(T)
}

// OnOpen runs after the block was decoded and before any task sees it: it refuses
// what the schema cannot express, and may fill unexported fields (a client, a
// parsed list). It must be quick and must not talk to other systems.
func OnOpen[T any](fn func(context.Context, *T) []Diagnostic) ConfigOption[T] {
	return func(h *configHooks[T]) { h.open = fn }
}

// OnCheck tests the connections of an open configuration, without side effects.
func OnCheck[T any](fn func(context.Context, T) []Diagnostic) ConfigOption[T] {
	return func(h *configHooks[T]) { h.check = fn }
}

// OnClose runs when a configuration was replaced or closed, or the plugin stops. An
// attempt that began before may still use it, so release only what it can do
// without, such as idle connections.
func OnClose[T any](fn func(T)) ConfigOption[T] {
	return func(h *configHooks[T]) { h.close = fn }
}

// ConfigOf makes the shape of the config block from the struct T. Fields without
// omitempty are required. Tags: description; default (plain text for a string,
// JSON for anything else), which makes a field optional; secret:"true" for what
// must never be shown.
func ConfigOf[T any](opts ...ConfigOption[T]) ConfigType {
	var hooks configHooks[T]
	for _, opt := range opts {
		opt(&hooks)
	}
	config, err := shapeOf[T]()
	if err == nil && reflect.TypeFor[T]().Kind() != reflect.Struct {
		err = fmt.Errorf("%s is no struct", reflect.TypeFor[T]())
	}
	return ConfigType{
		schema: config.schema,
		open:   opener(config, hooks.open),
		check:  checker(hooks.check),
		close:  closer(hooks.close),
		err:    err,
	}
}

// opener decodes the block, then asks the author's hook.
func opener[T any](config *shape[T], hook func(context.Context, *T) []Diagnostic) func(context.Context, []byte) (any, []Diagnostic) {
	return func(ctx context.Context, raw []byte) (any, []Diagnostic) {
		if diagnostics := checkFields(config.schema, raw); len(diagnostics) > 0 {
			return nil, diagnostics
		}
		value, err := config.decode(raw)
		if err != nil {
			return nil, []Diagnostic{decodeDiagnostic(err)}
		}
		if hook != nil {
			if diagnostics := hook(ctx, &value); len(diagnostics) > 0 {
				return nil, diagnostics
			}
		}
		return value, nil
	}
}

func checker[T any](hook func(context.Context, T) []Diagnostic) func(context.Context, any) []Diagnostic {
	return func(ctx context.Context, value any) []Diagnostic {
		config, ok := value.(T)
		if hook == nil || !ok {
			return nil
		}
		return hook(ctx, config)
	}
}

func closer[T any](hook func(T)) func(any) {
	return func(value any) {
		if config, ok := value.(T); ok && hook != nil {
			hook(config)
		}
	}
}

// checkFields names the attributes of the block that are unknown or missing. The
// engine has checked them already; this is for an engine that has not.
func checkFields(schema, raw []byte) []Diagnostic {
	var shape struct {
		Properties map[string]json.RawMessage `json:"properties"`
		Required   []string                   `json:"required"`
	}
	if err := json.Unmarshal(schema, &shape); err != nil {
		return []Diagnostic{{Summary: "The plugin's schema cannot be read", Detail: err.Error()}}
	}
	fields := map[string]json.RawMessage{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &fields); err != nil {
			return []Diagnostic{{Summary: "The configuration is no JSON object", Detail: err.Error()}}
		}
	}
	var diagnostics []Diagnostic
	for name := range fields {
		if _, known := shape.Properties[name]; !known {
			diagnostics = append(diagnostics, Diagnostic{Path: []string{name}, Summary: "Unknown attribute " + name})
		}
	}
	for _, name := range shape.Required {
		if _, there := fields[name]; !there {
			diagnostics = append(diagnostics, Diagnostic{Path: []string{name}, Summary: "Missing attribute " + name})
		}
	}
	slices.SortFunc(diagnostics, func(a, b Diagnostic) int { return strings.Compare(a.Path[0], b.Path[0]) })
	return diagnostics
}

// decodeDiagnostic finds the attribute that a decoding error is about.
func decodeDiagnostic(err error) Diagnostic {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) && wrongType.Field != "" {
		return Diagnostic{
			Path:    strings.Split(wrongType.Field, "."),
			Summary: "Wrong type",
			Detail:  fmt.Sprintf("a %s does not fit %s", wrongType.Value, wrongType.Type),
		}
	}
	return Diagnostic{Summary: "The configuration does not fit", Detail: err.Error()}
}
