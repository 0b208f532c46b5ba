package config

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// minDuration is the shortest time that means something here.
const minDuration = time.Millisecond

func (l *loader) readTasks(blocks []*hclsyntax.Block) {
	for _, block := range l.unique(blocks) {
		if l.named(block) {
			l.cfg.Tasks = append(l.cfg.Tasks, l.readTask(block))
		}
	}
}

func (l *loader) readTask(from *hclsyntax.Block) Task {
	t := NewTask(from.Labels[0], "", l.cfg.Limits)
	b := l.open(from.Body, from.DefRange(), "task", "tasks/"+t.Name)
	b.text("plugin", &t.Plugin, matches(objectName, "a name: "+nameForm))
	b.text("runs", &t.Runs, matches(objectName, "a name: "+nameForm))
	resolvable := !b.failed
	b.count("concurrency", &t.Concurrency, 1, maxConcurrency)
	b.count("max_running", &t.MaxRunning, 1, maxRunning)
	b.duration("timeout", &t.Timeout, minDuration, maxTimeout)
	readRetry(b, &t.Retry)
	t.RateLimit = readRateLimit(b)
	t.CircuitBreaker = readCircuitBreaker(b, t.Name)
	b.choice("on_failure", &t.OnFailure, OnFailureDeadLetter, OnFailureFail)
	b.duration("cancel_grace", &t.CancelGrace, 0, maxGrace)
	b.flag("kill_on_cancel", &t.KillOnCancel)
	b.choice("priority_mode", &t.PriorityMode, PriorityWeighted, PriorityStrict)
	b.count("max_payload", &t.MaxPayload, 1, maxPayload)
	b.close()
	t.Place = b.place
	if resolvable {
		l.resolve(&t, from.LabelRanges[0])
	}
	return t
}

func readRetry(b *block, r *Retry) {
	inner := b.child("retry")
	inner.count("max", &r.Max, 0, maxRetries)
	inner.duration("initial", &r.Initial, minDuration, maxRetryDelay)
	capSet := inner.duration("cap", &r.Cap, minDuration, maxRetryDelay)
	b.adopt(inner)
	if inner.failed || r.Cap >= r.Initial {
		return
	}
	name := "initial"
	if capSet {
		name = "cap"
	}
	b.errorf(inner.place.Of(name), "Value out of range", "cap (%s) must not be less than initial (%s)",
		shortDuration(r.Cap), shortDuration(r.Initial))
}

// resolve finds the plugin of a task; label is where the type's name stands.
func (l *loader) resolve(t *Task, label hcl.Range) {
	if t.Plugin == "" {
		if l.opts.Schemas != nil {
			l.findPlugin(t, label)
		}
		return
	}
	p := l.plugin(t.Plugin, t.Place.Of("plugin"))
	if p == nil {
		l.report.addf(t.Place.Of("plugin"), "Unknown plugin", "there is no plugin %q; %s",
			t.Plugin, suggest(t.Plugin, l.pluginNames()))
		return
	}
	if l.opts.Schemas == nil {
		return
	}
	d := l.describe(*p, t.Place.Of("plugin"))
	if d == nil || d.runs(t.Runs) {
		return
	}
	at := label
	if _, given := t.Place.attrs["runs"]; given {
		at = t.Place.Of("runs")
	}
	l.report.addf(at, "Unknown task type", "the plugin %q has no task type %q; %s",
		t.Plugin, t.Runs, suggest(t.Runs, d.typeNames()))
}

// findPlugin finds the one plugin that has the type.
func (l *loader) findPlugin(t *Task, label hcl.Range) {
	var having, types []string
	for _, name := range l.pluginNames() {
		p, known := l.declared(name)
		if !known {
			p = Plugin{Name: name}
		}
		d := l.describe(p, label)
		switch {
		case d == nil:
			return // reported; it might be the one
		case d.runs(t.Runs):
			having = append(having, name)
		}
		types = append(types, d.typeNames()...)
	}
	switch len(having) {
	case 1:
		t.Plugin = having[0]
		l.plugin(t.Plugin, label)
	case 0:
		l.report.addf(label, "Unknown task type", "no known plugin has a task type %q; %s", t.Runs, suggest(t.Runs, types))
	default:
		l.report.addf(label, "Ambiguous task type", "%s have %q; say which: plugin = %q",
			strings.Join(having, " and "), t.Runs, having[0])
	}
}

// pluginNames are the declared plugins and the built-in ones.
func (l *loader) pluginNames() []string {
	names := map[string]bool{}
	for _, p := range l.cfg.Plugins {
		names[p.Name] = true
	}
	for _, name := range l.opts.Builtins {
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func (l *loader) declared(name string) (Plugin, bool) {
	for _, p := range l.cfg.Plugins {
		if p.Name == name {
			return p, true
		}
	}
	return Plugin{}, false
}

// plugin finds a plugin by name. A built-in that no block declares becomes part
// of the configuration, at the place that names it.
func (l *loader) plugin(name string, at hcl.Range) *Plugin {
	if p, ok := l.declared(name); ok {
		return &p
	}
	if !slices.Contains(l.opts.Builtins, name) {
		return nil
	}
	b := l.open(nil, at, "plugin", "plugins/"+name)
	p := Plugin{Name: name, Implied: true, origin: l.report.origin}
	l.readPluginConfig(b, &p)
	p.Place = b.place
	l.cfg.Plugins = append(l.cfg.Plugins, p)
	return &p
}
