package config

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// nameForm says in words what namePattern says.
const nameForm = "1 to 64 of a-z, 0-9, dot, _ and -, the first a letter or digit"

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (l *loader) readPlugins(blocks []*hclsyntax.Block) {
	for _, block := range l.unique(blocks) {
		if l.named(block) {
			l.cfg.Plugins = append(l.cfg.Plugins, l.readPlugin(block))
		}
	}
}

// named checks the label of a plugin or a task.
func (l *loader) named(block *hclsyntax.Block) bool {
	if name := block.Labels[0]; !objectName.MatchString(name) {
		l.report.addf(block.LabelRanges[0], "Invalid name", "%q: a name is %s", name, nameForm)
		l.report.origin.hide(block.Body.Range())
		return false
	}
	return true
}

func (l *loader) readPlugin(from *hclsyntax.Block) Plugin {
	p := Plugin{Name: from.Labels[0], origin: l.report.origin}
	b := l.open(from.Body, from.DefRange(), "plugin", "plugins/"+p.Name)
	b.text("command", &p.Command, pluginCommand)
	if b.body.Attributes["command"] == nil && !slices.Contains(l.opts.Builtins, p.Name) {
		b.errorf(b.head, "Missing attribute", "%q is no built-in plugin, so it needs command: a file in plugin_dir; %s",
			p.Name, suggest(p.Name, l.opts.Builtins))
	}
	args, _ := b.texts("args")
	for _, arg := range args {
		p.Args = append(p.Args, arg.value.AsString())
	}
	p.Env = l.readEnv(b)
	l.readPluginConfig(b, &p)
	b.close()
	p.Place = b.place
	return p
}

// pluginCommand takes a name in plugin_dir or an absolute path; anything else
// would depend on where the engine was started.
func pluginCommand(text string) string {
	const must = "a file name in plugin_dir or an absolute path"
	switch {
	case notEmpty(text) != "", text == ".", text == "..":
		return must
	case filepath.IsAbs(text), !strings.ContainsAny(text, `/\`):
		return ""
	}
	return must
}

// readEnv reads `env`: NAME hands the engine's own variable on, NAME=VALUE sets
// it.
func (l *loader) readEnv(b *block) []EnvVar {
	settings, _ := b.texts("env")
	first, vars := map[string]hcl.Range{}, []EnvVar(nil)
	for _, s := range settings {
		name, value, set := strings.Cut(s.value.AsString(), "=")
		if !envName.MatchString(name) || strings.ContainsRune(value, 0) {
			b.errorf(s.at, "Invalid value", `an entry of "env" must be "NAME" or "NAME=VALUE"`)
			continue
		}
		if at, twice := first[name]; twice {
			b.l.report.duplicate(s.at, at, "environment variable", name)
			continue
		}
		first[name] = s.at
		if s.secret && set {
			l.report.origin.secrets.add(value)
		}
		vars = append(vars, EnvVar{Name: name, Value: Secret(value), Pass: !set})
	}
	return vars
}

// readPluginConfig reads the `config` block and, where the plugin can be asked,
// checks it against the plugin's schema.
func (l *loader) readPluginConfig(b *block, p *Plugin) {
	from := b.childSyntax("config")
	var root *node
	if from != nil {
		root = l.readNode(from)
	}
	description := l.describePlugin(b, *p)
	if description == nil {
		if root != nil { // no schema says which are secret
			l.report.origin.hideBody(from.Body)
			root.conceal()
		}
	} else {
		root = l.applySchema(b, description, root)
	}
	if root == nil {
		return
	}
	root.places(b.place, []string{"config"})
	l.keepConfig(p, root)
}
