package tasktype

import (
	"fmt"
	"slices"
	"strings"
)

// Registry holds the types of one configuration.
type Registry struct {
	byName map[string]*Type
	sorted []*Type
}

// NewRegistry collects types; two of one name are an error.
func NewRegistry(types []*Type) (*Registry, error) {
	r := &Registry{byName: make(map[string]*Type, len(types)), sorted: slices.Clone(types)}
	for _, t := range types {
		if r.byName[t.Name] != nil {
			return nil, fmt.Errorf("task type %q is there twice", t.Name)
		}
		r.byName[t.Name] = t
	}
	slices.SortFunc(r.sorted, func(a, b *Type) int { return strings.Compare(a.Name, b.Name) })
	return r, nil
}

// Get finds a type.
func (r *Registry) Get(name string) (*Type, bool) {
	t, ok := r.byName[name]
	return t, ok
}

// List returns all types by name; the slice is the caller's.
func (r *Registry) List() []*Type { return slices.Clone(r.sorted) }
