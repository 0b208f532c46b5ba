package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// node is one value of a plugin's config block and where it stands. It becomes
// JSON only after the schema was applied.
type node struct {
	kind   nodeKind
	fields map[string]*node // of an object
	items  []*node          // of a list
	scalar any              // nil, bool, string or json.Number
	// name and at are the places of the key and of the value.
	name, at hcl.Range
	// expr is what the value was written as; nil for a block and a default.
	expr hclsyntax.Expression
	// block: written as one block or several, so it may mean a list of one.
	block  bool
	secret bool
	// broken: the value could not be computed, which is reported.
	broken bool
}

type nodeKind int8

const (
	scalarNode nodeKind = iota
	objectNode
	listNode
)

func newObject(at hcl.Range) *node {
	return &node{kind: objectNode, fields: map[string]*node{}, name: at, at: at}
}

// readNode reads a block into an object. Blocks of one type become a list.
func (l *loader) readNode(from *hclsyntax.Block) *node {
	n := newObject(from.DefRange())
	n.block = true
	for name, attr := range from.Body.Attributes {
		value, ok := l.scope.eval(attr.Expr)
		child := &node{name: attr.NameRange, at: attr.Expr.Range(), expr: attr.Expr, broken: true}
		if ok {
			child = l.buildNode(attr.Expr, value, attr.NameRange)
		}
		n.put(name, child)
	}
	for _, nested := range from.Body.Blocks {
		if _, clash := from.Body.Attributes[nested.Type]; clash {
			l.report.duplicate(nested.DefRange(), from.Body.Attributes[nested.Type].NameRange, "attribute", nested.Type)
		} else if l.labelled(nested, 0) {
			n.addBlock(nested.Type, l.readNode(nested))
		}
	}
	return n
}

// put adds a field; null is the same as none.
func (n *node) put(name string, child *node) {
	if child.kind != scalarNode || child.scalar != nil || child.broken {
		n.fields[name] = child
	}
}

func (n *node) addBlock(name string, child *node) {
	switch known := n.fields[name]; {
	case known == nil:
		n.fields[name] = child
	case known.kind == listNode:
		known.items = append(known.items, child)
	default:
		n.fields[name] = listOf(known, child)
	}
}

// listOf makes the list that blocks of one type mean.
func listOf(blocks ...*node) *node {
	return &node{kind: listNode, items: blocks, name: blocks[0].name, at: blocks[0].at, block: true}
}

// buildNode turns a value into a node. expr may be nil when the value's parts
// have no place of their own.
func (l *loader) buildNode(expr hclsyntax.Expression, marked cty.Value, name hcl.Range) *node {
	value, marks := marked.Unmark()
	n := &node{name: name, at: expr.Range(), expr: expr, secret: len(marks) > 0}
	switch ty := value.Type(); {
	case value.IsNull():
	case ty == cty.String:
		n.scalar = value.AsString()
	case ty == cty.Bool:
		n.scalar = value.True()
	case ty == cty.Number:
		n.scalar = json.Number(numberText(value))
	case ty.IsObjectType() || ty.IsMapType():
		n.kind, n.fields = objectNode, map[string]*node{}
		parts := l.objectParts(expr)
		for it := value.ElementIterator(); it.Next(); {
			key, element := it.Element()
			part := parts.of(key.AsString(), expr)
			n.put(key.AsString(), l.buildNode(part.ValueExpr, element, part.KeyExpr.Range()))
		}
	default:
		n.kind = listNode
		for it := value.ElementIterator(); it.Next(); {
			_, element := it.Element()
			part := elementExpr(expr, len(n.items), value.LengthInt())
			n.items = append(n.items, l.buildNode(part, element, part.Range()))
		}
	}
	if n.secret {
		n.conceal()
	}
	return n
}

// objectParts are the items of an object written out, by key.
type objectParts map[string]hclsyntax.ObjectConsItem

// of finds the item of a key; without one it is all of the expression.
func (p objectParts) of(key string, whole hclsyntax.Expression) hclsyntax.ObjectConsItem {
	if item, ok := p[key]; ok {
		return item
	}
	return hclsyntax.ObjectConsItem{KeyExpr: whole, ValueExpr: whole}
}

// objectParts finds the items and reports a key that is there twice, of which
// HCL would take the last.
func (l *loader) objectParts(expr hclsyntax.Expression) objectParts {
	object, ok := withoutParentheses(expr).(*hclsyntax.ObjectConsExpr)
	if !ok {
		return nil
	}
	parts := objectParts{}
	for _, item := range object.Items {
		key, found := item.KeyExpr.Value(nil)
		if found.HasErrors() || key.IsNull() || !key.IsKnown() || key.Type() != cty.String {
			continue // computed: its value has the place of the object
		}
		name := key.AsString()
		if first, twice := parts[name]; twice {
			l.report.duplicate(item.KeyExpr.Range(), first.KeyExpr.Range(), "key", name)
		}
		parts[name] = item
	}
	return parts
}

// elementExpr finds an element of a list written out; without one it is all of
// the expression.
func elementExpr(expr hclsyntax.Expression, i, n int) hclsyntax.Expression {
	if tuple, ok := withoutParentheses(expr).(*hclsyntax.TupleConsExpr); ok && len(tuple.Exprs) == n {
		return tuple.Exprs[i]
	}
	return expr
}

func withoutParentheses(expr hclsyntax.Expression) hclsyntax.Expression {
	for {
		inner, ok := expr.(*hclsyntax.ParenthesesExpr)
		if !ok {
			return expr
		}
		expr = inner.Expression
	}
}

// jsonNode makes a node of a JSON value that stands nowhere in the files.
func jsonNode(value any, at hcl.Range) *node {
	n := &node{name: at, at: at}
	switch v := value.(type) {
	case map[string]any:
		n = newObject(at)
		for key, element := range v {
			n.put(key, jsonNode(element, at))
		}
	case []any:
		n.kind = listNode
		for _, element := range v {
			n.items = append(n.items, jsonNode(element, at))
		}
	default:
		n.scalar = v
	}
	return n
}

// conceal makes all of a node a secret.
func (n *node) conceal() {
	n.secret = true
	for _, child := range n.children() {
		child.conceal()
	}
}

func (n *node) children() []*node {
	if n.kind == listNode {
		return n.items
	}
	children := make([]*node, 0, len(n.fields))
	for _, name := range sortedKeys(n.fields) {
		children = append(children, n.fields[name])
	}
	return children
}

// whole tells that every value could be computed.
func (n *node) whole() bool {
	return !n.broken && !slices.ContainsFunc(n.children(), func(child *node) bool { return !child.whole() })
}

// json is the value for encoding/json; shown masks the secrets.
func (n *node) json(shown bool) any {
	switch {
	case n.kind == objectNode:
		object := make(map[string]any, len(n.fields))
		for name, child := range n.fields {
			object[name] = child.json(shown)
		}
		return object
	case n.kind == listNode:
		list := make([]any, 0, len(n.items))
		for _, child := range n.items {
			list = append(list, child.json(shown))
		}
		return list
	case shown && n.secret && n.scalar != nil:
		return hiddenText
	}
	return n.scalar
}

// show is the value for a message.
func (n *node) show() string {
	if n.secret {
		return hiddenText
	}
	switch v := n.scalar.(type) {
	case string:
		return strconv.Quote(v)
	case nil:
		return map[nodeKind]string{scalarNode: "null", objectNode: "an object", listNode: "a list"}[n.kind]
	default:
		return fmt.Sprint(v)
	}
}

// find goes down a JSON path as far as it leads; rest is what is left of it.
func (n *node) find(path []string) (found *node, rest []string) {
	for i, step := range path {
		var next *node
		switch n.kind {
		case objectNode:
			next = n.fields[step]
		case listNode:
			if at, err := strconv.Atoi(step); err == nil && at >= 0 && at < len(n.items) {
				next = n.items[at]
			}
		case scalarNode:
		}
		if next == nil {
			return n, path[i:]
		}
		n = next
	}
	return n, nil
}

// places records where everything below stands.
func (n *node) places(p Place, path []string) {
	p.set(n.at, path...)
	for name, child := range n.fields {
		child.places(p, append(slices.Clone(path), name))
	}
	for i, child := range n.items {
		child.places(p, append(slices.Clone(path), strconv.Itoa(i)))
	}
}

// keepConfig writes the checked tree into the plugin, in clear and masked.
func (l *loader) keepConfig(p *Plugin, root *node) {
	if !root.whole() {
		return
	}
	var err error
	if p.Config, err = encodeJSON(root.json(false)); err == nil {
		p.shown, err = encodeJSON(root.json(true))
	}
	if err != nil {
		l.report.addf(root.at, "Cannot write as JSON", "the config of %q: %s", p.Name, err)
	}
}

// encodeJSON writes compact JSON with sorted keys and text as it is.
func encodeJSON(value any) (json.RawMessage, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(out.Bytes()), nil
}
