package sdk

import (
	"errors"
	"fmt"
	"regexp"
)

// Plugin is everything that a plugin process offers.
type Plugin struct {
	// Name of the plugin: lower-case letters, digits, ".", "_" and "-", at most 64.
	Name string
	// Version of the plugin, for people.
	Version string
	// Tasks are the task types inside, made by [Task].
	Tasks []TaskType
	// Config is the shape of the plugin's config block, made by [ConfigOf]. The
	// zero value takes no configuration.
	Config ConfigType
	// Exclusive: the plugin must not run twice at the same time, so that the
	// engine stops the old process before it starts a new one.
	Exclusive bool
}

// namePattern is the engine's rule for every name: it fits a Redis hash tag, a
// file name and a metric label.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// check finds what is wrong with the plugin as its author wrote it, everything at
// once.
func (p Plugin) check() error {
	var wrong []error
	if !namePattern.MatchString(p.Name) {
		wrong = append(wrong, fmt.Errorf("plugin name %q does not match %s", p.Name, namePattern))
	}
	if len(p.Tasks) == 0 {
		wrong = append(wrong, errors.New("the plugin has no task type"))
	}
	if p.Config.err != nil {
		wrong = append(wrong, fmt.Errorf("config: %w", p.Config.err))
	}
	return errors.Join(append(wrong, checkTasks(p.Tasks)...)...)
}

func checkTasks(tasks []TaskType) []error {
	var wrong []error
	seen := map[string]bool{}
	for _, t := range tasks {
		switch {
		case !namePattern.MatchString(t.name):
			wrong = append(wrong, fmt.Errorf("task type name %q does not match %s", t.name, namePattern))
		case seen[t.name]:
			wrong = append(wrong, fmt.Errorf("task type %s is there twice", t.name))
		case t.err != nil:
			wrong = append(wrong, fmt.Errorf("task type %s: %w", t.name, t.err))
		}
		seen[t.name] = true
	}
	return wrong
}
