package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxSchemaDepth bounds references and nested alternatives of a schema.
const maxSchemaDepth = 64

// schema is a plugin's JSON Schema, to be applied to a tree of nodes.
type schema struct {
	l        *loader
	plugin   string
	root     any
	compiled *jsonschema.Schema
}

// object is one level of a schema, its references followed.
type object map[string]any

// applySchema brings the config block in line with the plugin's schema: secrets
// are found, defaults filled in, text turned into the wanted type; what does
// not fit is reported. It returns the tree, nil when there is none.
func (l *loader) applySchema(b *block, d *Description, root *node) *node {
	if len(bytes.TrimSpace(d.ConfigSchema)) == 0 {
		if root != nil {
			b.errorf(root.at, "Unsupported block", "the plugin takes no config")
		}
		return nil
	}
	s, err := compileSchema(d.ConfigSchema)
	if err != nil {
		b.errorf(b.head, "Broken plugin", "its config schema cannot be used: %s", err)
		return nil
	}
	if root == nil {
		root = newObject(b.head)
	}
	s.l, s.plugin = l, b.name
	s.fit(root, s.object(s.root), 0)
	if root.whole() {
		s.validate(root)
	}
	return root
}

// noLoader refuses references to other documents: a plugin's schema must not
// make the engine read files or the network.
type noLoader struct{}

// Load implements jsonschema.URLLoader.
func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("a plugin's schema must not refer to %s", url)
}

func compileSchema(raw json.RawMessage) (*schema, error) {
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.UseLoader(noLoader{})
	const url = "urn:headrace:config"
	if err := compiler.AddResource(url, root); err != nil {
		return nil, err
	}
	compiled, err := compiler.Compile(url)
	if err != nil {
		return nil, err
	}
	return &schema{root: root, compiled: compiled}, nil
}

func (s *schema) validate(root *node) {
	err := s.compiled.Validate(root.json(false))
	if err == nil {
		return
	}
	var violations *jsonschema.ValidationError
	if !errors.As(err, &violations) {
		s.l.report.addf(root.at, "Cannot check the config", "%s", err)
		return
	}
	s.explain(root, violations)
}

// fit walks schema and tree together.
func (s *schema) fit(n *node, o object, depth int) {
	if depth > maxSchemaDepth {
		return
	}
	if o.secret() {
		s.conceal(n)
	}
	s.align(n, o)
	n.coerce(o)
	switch n.kind {
	case objectNode:
		s.fitObject(n, o, depth)
	case listNode:
		items := s.object(o["items"])
		for _, item := range n.items {
			s.fit(item, items, depth+1)
		}
	case scalarNode:
	}
}

// conceal makes a value a secret, also where it stands in the file.
func (s *schema) conceal(n *node) {
	n.conceal()
	s.l.rememberNode(n)
}

func (l *loader) rememberNode(n *node) {
	if n.expr != nil {
		l.report.origin.hideLiterals(n.expr)
	}
	if n.scalar != nil {
		l.report.origin.secrets.add(fmt.Sprint(n.scalar))
	}
	for _, child := range n.children() {
		l.rememberNode(child)
	}
}

// align makes a list of one block where the schema wants a list, and refuses
// several where it does not.
func (s *schema) align(n *node, o object) {
	wantsList := slices.Contains(o.types(), "array")
	switch {
	case !n.block:
	case n.kind == objectNode && wantsList:
		one := *n
		*n = *listOf(&one)
	case n.kind == listNode && !wantsList && len(o.types()) > 0:
		s.l.report.addf(n.items[1].at, "Duplicate block", "only one is allowed; the first is at %s", n.items[0].at)
		n.broken = true
	}
}

// coerce turns text, as env gives it, into the number or truth value that the
// schema wants. What does not look like one stays for the validator.
func (n *node) coerce(o object) {
	text, isText := n.scalar.(string)
	types := o.types()
	if !isText || len(types) == 0 || slices.Contains(types, "string") {
		return
	}
	for _, want := range types {
		switch want {
		case "integer", "number":
			if json.Valid([]byte(text)) && strings.Trim(text, "-+.eE0123456789") == "" && text != "" {
				n.scalar = json.Number(text)
			}
		case "boolean":
			if truth, err := strconv.ParseBool(text); err == nil {
				n.scalar = truth
			}
		}
	}
}

func (s *schema) fitObject(n *node, o object, depth int) {
	branches := s.branches(o, 0)
	for _, name := range sortedKeys(n.fields) {
		child, known := n.fields[name], false
		for _, branch := range branches {
			if property, ok := branch.properties()[name]; ok {
				s.fit(child, s.object(property), depth+1)
				known = true
			}
		}
		switch {
		case known:
		case o.closed() && len(branches) == 1:
			s.unknown(child, name, sortedKeys(o.properties()))
			delete(n.fields, name)
		default:
			s.fit(child, s.object(o["additionalProperties"]), depth+1)
		}
	}
	s.fillDefaults(n, o)
}

func (s *schema) fillDefaults(n *node, o object) {
	for name, property := range o.properties() {
		value, has := s.object(property)["default"]
		if has && n.fields[name] == nil {
			n.put(name, jsonNode(value, n.at))
		}
	}
}

func (s *schema) unknown(n *node, name string, known []string) {
	if n.expr != nil {
		s.l.report.origin.hideLiterals(n.expr) // perhaps a secret under a misspelt name
	}
	s.l.report.addf(n.name, "Unsupported attribute", "the plugin's config has no %q; %s", name, suggest(name, known))
}

// object reads one level of the schema and follows its references. What is no
// object, such as true, allows anything.
func (s *schema) object(value any) object {
	for range maxSchemaDepth {
		level, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		ref, ok := level["$ref"].(string)
		if !ok {
			return level
		}
		value = s.pointed(ref)
	}
	return nil
}

// pointed follows "#/a/b" from the root of the schema.
func (s *schema) pointed(ref string) any {
	path, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil
	}
	at := s.root
	for step := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if step == "" {
			continue
		}
		level, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = level[strings.NewReplacer("~1", "/", "~0", "~").Replace(step)]
	}
	return at
}

// branches are a level and the alternatives that describe the same value.
func (s *schema) branches(o object, depth int) []object {
	out := []object{o}
	if depth > maxSchemaDepth/8 {
		return out
	}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		list, ok := o[keyword].([]any)
		if !ok {
			continue
		}
		for _, branch := range list {
			out = append(out, s.branches(s.object(branch), depth+1)...)
		}
	}
	for _, keyword := range []string{"if", "then", "else"} {
		if branch := s.object(o[keyword]); branch != nil {
			out = append(out, s.branches(branch, depth+1)...)
		}
	}
	return out
}

func (o object) properties() map[string]any {
	properties, ok := o["properties"].(map[string]any)
	if !ok {
		return nil
	}
	return properties
}

// closed tells that no other names are allowed. A schema that lists names and
// says nothing about others counts as closed: a plugin's author rarely means
// "anything else as well", and a typo would pass in silence.
func (o object) closed() bool {
	if o["patternProperties"] != nil || o["unevaluatedProperties"] != nil {
		return false
	}
	others, given := o["additionalProperties"]
	if !given {
		return len(o.properties()) > 0
	}
	return isNever(others)
}

// isNever recognises false and {"not": {}}, which mean the same.
func isNever(value any) bool {
	switch v := value.(type) {
	case bool:
		return !v
	case map[string]any:
		not, ok := v["not"].(map[string]any)
		return ok && len(v) == 1 && len(not) == 0
	}
	return false
}

// secret tells that the schema wants the value hidden.
func (o object) secret() bool {
	writeOnly, ok := o["writeOnly"].(bool)
	return (ok && writeOnly) || o["format"] == "password"
}

// types are the JSON types that a level allows; none: any.
func (o object) types() []string {
	switch t := o["type"].(type) {
	case string:
		return []string{t}
	case []any:
		var names []string
		for _, name := range t {
			if text, ok := name.(string); ok {
				names = append(names, text)
			}
		}
		return names
	}
	return nil
}
