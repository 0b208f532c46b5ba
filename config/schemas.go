package config

import (
	"encoding/json"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// Schemas describes plugins without serving them. The engine's plugin host
// implements it.
type Schemas interface {
	// Describe says what is inside a plugin. The error's text is shown to the
	// user, so it must say what to do.
	Describe(plugin PluginRef) (Description, error)
}

// PluginRef says which plugin is meant.
type PluginRef struct {
	Name string
	// Command is a file name in PluginDir or an absolute path; empty: the
	// built-in plugin called Name.
	Command   string
	Args      []string
	PluginDir string
}

// Description is what a plugin says of itself.
type Description struct {
	Version string
	// ConfigSchema is the JSON Schema of its config block; empty: it takes none.
	ConfigSchema json.RawMessage
	TaskTypes    []TaskType
}

// TaskType is one kind of work that a plugin does.
type TaskType struct {
	Name        string
	Description string
	// PayloadSchema and ResultSchema are JSON Schemas; empty: anything.
	PayloadSchema, ResultSchema json.RawMessage
}

// describePlugin asks what a declared plugin is. It is nil when nobody can say,
// or when that was reported.
func (l *loader) describePlugin(b *block, p Plugin) *Description {
	if b.failed {
		l.described[p.Name] = nil // asking about a wrong block would mislead
	}
	if b.failed || l.opts.Schemas == nil {
		return nil
	}
	at := b.head
	if p.Command != "" {
		at = b.place.Of("command")
	}
	return l.describe(p, at)
}

// describe asks once for each plugin; at is where a failure is reported.
func (l *loader) describe(p Plugin, at hcl.Range) *Description {
	if known, ok := l.described[p.Name]; ok {
		return known
	}
	d, err := l.opts.Schemas.Describe(PluginRef{
		Name: p.Name, Command: p.Command, Args: p.Args, PluginDir: l.cfg.Server.PluginDir,
	})
	l.described[p.Name] = &d
	if err != nil {
		l.described[p.Name] = nil
		l.report.addf(at, "Cannot describe the plugin", "%s: %s", p.Name, err)
	}
	return l.described[p.Name]
}

// runs tells whether the plugin has a task type.
func (d *Description) runs(name string) bool { return slices.Contains(d.typeNames(), name) }

func (d *Description) typeNames() []string {
	var names []string
	for _, t := range d.TaskTypes {
		names = append(names, t.Name)
	}
	return names
}
