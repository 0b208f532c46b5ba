package sdk

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// instances holds the configuration of the plugin block. Replacing it is atomic:
// an attempt sees the old one or the new one to its end.
type instances struct {
	config ConfigType

	mu    sync.Mutex
	name  string
	open  bool
	value any
}

// current returns the configuration for a new attempt, and whether there is one.
// A plugin that takes no configuration needs none.
func (i *instances) current() (any, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.value, i.open || i.config.open == nil
}

// openNew opens the instance; the process has one `plugin` block, so a second
// instance is refused.
func (i *instances) openNew(ctx context.Context, name string, raw []byte) ([]Diagnostic, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.open {
		return nil, status.Errorf(codes.AlreadyExists, "instance %q is open", i.name)
	}
	return i.set(ctx, name, raw), nil
}

// reopen replaces the configuration at once or not at all.
func (i *instances) reopen(ctx context.Context, name string, raw []byte) ([]Diagnostic, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.open || i.name != name {
		return nil, status.Errorf(codes.NotFound, "instance %q is not open", name)
	}
	return i.set(ctx, name, raw), nil
}

func (i *instances) set(ctx context.Context, name string, raw []byte) []Diagnostic {
	value, diagnostics := i.decode(ctx, raw)
	if len(diagnostics) > 0 {
		return diagnostics
	}
	i.release()
	i.name, i.open, i.value = name, true, value
	return nil
}

// release tells the author that the configuration is no longer in force; the
// caller holds mu.
func (i *instances) release() {
	if i.open && i.config.close != nil {
		i.config.close(i.value)
	}
	i.name, i.open, i.value = "", false, nil
}

func (i *instances) decode(ctx context.Context, raw []byte) (any, []Diagnostic) {
	if i.config.open != nil {
		return i.config.open(ctx, raw)
	}
	var fields map[string]json.RawMessage
	if len(raw) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, []Diagnostic{{Summary: "The configuration is no JSON object", Detail: err.Error()}}
	}
	if len(fields) == 0 {
		return nil, nil
	}
	return nil, []Diagnostic{{
		Summary: "The plugin takes no configuration",
		Detail:  fmt.Sprintf("remove the config block with its %d attributes", len(fields)),
	}}
}

func (i *instances) close(name string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.name == name {
		i.release()
	}
}

// closeAll ends what is open when the server has stopped.
func (i *instances) closeAll() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.release()
}

// check tests the open configuration's connections.
func (i *instances) check(ctx context.Context, name string) ([]Diagnostic, error) {
	i.mu.Lock()
	value, found := i.value, i.open && i.name == name
	i.mu.Unlock()
	if !found {
		return nil, status.Errorf(codes.NotFound, "instance %q is not open", name)
	}
	if i.config.check == nil {
		return nil, nil
	}
	return i.config.check(ctx, value), nil
}
