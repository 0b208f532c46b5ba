package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// block reads the attributes of one block. Each reading method leaves its
// target alone when the attribute is absent or wrong, and says whether it set
// it; close then reports what no method asked for.
type block struct {
	l    *loader
	body *hclsyntax.Body
	// head is where a missing attribute is reported.
	head hcl.Range
	// name is what messages call the block.
	name string
	// path is the block's place in the Config, for masking.
	path  string
	place Place
	// attrs and inner are the names that were asked for; the values of
	// concealed ones are never shown.
	attrs, inner, concealed []string
	// failed: something in the block is wrong.
	failed bool
}

// open begins to read a body. A nil body reads as an empty one.
func (l *loader) open(body *hclsyntax.Body, head hcl.Range, name, path string) *block {
	if body == nil {
		body = &hclsyntax.Body{}
	}
	return &block{
		l: l, body: body, head: head, name: name, path: path,
		place: Place{Block: head, attrs: map[string]hcl.Range{}},
	}
}

// openBlock is open for a block that may be absent.
func (l *loader) openBlock(from *hclsyntax.Block) *block {
	if from == nil {
		return l.open(nil, hcl.Range{}, "", "")
	}
	return l.open(from.Body, from.DefRange(), from.Type, from.Type)
}

func (b *block) errorf(at hcl.Range, summary, format string, args ...any) {
	b.failed = true
	b.l.report.addf(at, summary, format, args...)
}

// attr returns an attribute and marks its name as known.
func (b *block) attr(name string) *hclsyntax.Attribute {
	b.attrs = append(b.attrs, name)
	attr := b.body.Attributes[name]
	if attr != nil {
		b.place.set(attr.Expr.Range(), name)
	}
	return attr
}

// setting is one attribute's value: known, not null, without marks.
type setting struct {
	name   string
	value  cty.Value
	at     hcl.Range
	secret bool
}

// evaluate computes an attribute, secrets marked.
func (b *block) evaluate(name string) (value cty.Value, at hcl.Range, ok bool) {
	attr := b.attr(name)
	if attr == nil {
		return cty.NilVal, hcl.Range{}, false
	}
	concealed := slices.Contains(b.concealed, name)
	if concealed {
		b.l.report.origin.hideLiterals(attr.Expr)
	}
	value, ok = b.l.scope.eval(attr.Expr)
	if !ok {
		b.failed = true
		return cty.NilVal, hcl.Range{}, false
	}
	if concealed {
		value = value.Mark(secretMark{})
		b.l.scope.rememberSecrets(value)
	}
	return value, attr.Expr.Range(), !value.IsNull()
}

// get evaluates an attribute. A null value is the same as none.
func (b *block) get(name string) (setting, bool) {
	marked, at, ok := b.evaluate(name)
	if !ok {
		return setting{}, false
	}
	return b.unmark(name, marked, at, b.path+"/"+name), true
}

// unmark takes the marks off a value and keeps what is a secret out of dumps.
func (b *block) unmark(name string, marked cty.Value, at hcl.Range, path string) setting {
	value, marks := marked.UnmarkDeep()
	if len(marks) > 0 {
		b.l.report.origin.maskedPaths[path] = true
	}
	return setting{name: name, value: value, at: at, secret: len(marks) > 0}
}

// show is the value for a message.
func (s setting) show() string {
	if s.secret {
		return hiddenText
	}
	return showValue(s.value)
}

func showValue(v cty.Value) string {
	switch {
	case v.IsNull():
		return "null"
	case v.Type() == cty.String:
		return strconv.Quote(v.AsString())
	case v.Type() == cty.Number:
		return numberText(v)
	case v.Type() == cty.Bool:
		return strconv.FormatBool(v.True())
	}
	return kindName(v.Type())
}

// kindName says what a value is.
func kindName(ty cty.Type) string {
	switch {
	case ty == cty.String:
		return "text"
	case ty == cty.Number:
		return "a number"
	case ty == cty.Bool:
		return "true or false"
	case ty.IsObjectType() || ty.IsMapType():
		return "an object"
	case ty.IsTupleType() || ty.IsListType() || ty.IsSetType():
		return "a list"
	}
	return "null"
}

func (b *block) wrongType(s setting, want string) {
	b.errorf(s.at, "Wrong type", "%q must be %s, not %s", s.name, want, kindName(s.value.Type()))
}

func (b *block) outOfRange(s setting, format string, args ...any) {
	b.errorf(s.at, "Value out of range", "%q is %s; it must be %s", s.name, s.show(), fmt.Sprintf(format, args...))
}

// text reads a string; each check returns what the value must be, "" when it is.
func (b *block) text(name string, target *string, checks ...func(string) string) bool {
	s, ok := b.get(name)
	if !ok {
		return false
	}
	if s.value.Type() != cty.String {
		b.wrongType(s, "text in quotes")
		return false
	}
	text := s.value.AsString()
	for _, check := range checks {
		if must := check(text); must != "" {
			b.errorf(s.at, "Invalid value", "%q is %s; it must be %s", name, s.show(), must)
			return false
		}
	}
	*target = text
	return true
}

// choice reads one of some words.
func (b *block) choice(name string, target *string, words ...string) bool {
	return b.text(name, target, func(text string) string {
		if slices.Contains(words, text) {
			return ""
		}
		return "one of " + quoteAll(words)
	})
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = strconv.Quote(word)
	}
	return strings.Join(quoted, ", ")
}

// count reads a whole number from least to most.
func (b *block) count(name string, target *int, least, most int) bool {
	s, ok := b.get(name)
	if !ok {
		return false
	}
	number, err := convert.Convert(s.value, cty.Number)
	if err != nil {
		b.wrongType(s, "a whole number")
		return false
	}
	n, accuracy := number.AsBigFloat().Int64()
	if accuracy != 0 || n < int64(least) || n > int64(most) {
		b.outOfRange(s, "a whole number from %d to %d", least, most)
		return false
	}
	*target = int(n)
	return true
}

// flag reads true or false.
func (b *block) flag(name string, target *bool) bool {
	s, ok := b.get(name)
	if !ok {
		return false
	}
	value, err := convert.Convert(s.value, cty.Bool)
	if err != nil {
		b.wrongType(s, "true or false")
		return false
	}
	*target = value.True()
	return true
}

// duration reads a text such as "30s", from least to most.
func (b *block) duration(name string, target *time.Duration, least, most time.Duration) bool {
	s, ok := b.get(name)
	if !ok {
		return false
	}
	if s.value.Type() != cty.String {
		b.wrongType(s, durationForm)
		return false
	}
	d, err := time.ParseDuration(s.value.AsString())
	if err != nil {
		b.errorf(s.at, "Invalid duration", "%q is %s; it must be %s (units: ms, s, m, h)", name, s.show(), durationForm)
		return false
	}
	if d < least || d > most {
		b.outOfRange(s, "from %s to %s", shortDuration(least), shortDuration(most))
		return false
	}
	*target = d
	return true
}

// texts reads a list of strings.
func (b *block) texts(name string) (settings []setting, ok bool) {
	marked, at, ok := b.evaluate(name)
	if !ok {
		return nil, false
	}
	list, marks := marked.Unmark()
	if ty := list.Type(); !ty.IsTupleType() && !ty.IsListType() && !ty.IsSetType() {
		b.wrongType(b.unmark(name, marked, at, b.path+"/"+name), "a list of texts")
		return nil, false
	}
	parts := elementRanges(b.body.Attributes[name].Expr, list.LengthInt(), at)
	for it := list.ElementIterator(); it.Next(); {
		_, element := it.Element()
		i := len(settings)
		one := b.unmark(name, element.WithMarks(marks), parts[i], fmt.Sprintf("%s/%s/%d", b.path, name, i))
		if one.value.IsNull() || one.value.Type() != cty.String {
			b.errorf(one.at, "Wrong type", "%q must be a list of texts; this one is %s", name, kindName(one.value.Type()))
			return nil, false
		}
		settings = append(settings, one)
	}
	return settings, true
}

// elementRanges finds where each element of a list stands.
func elementRanges(expr hclsyntax.Expression, n int, whole hcl.Range) []hcl.Range {
	ranges := slices.Repeat([]hcl.Range{whole}, n)
	if tuple, ok := expr.(*hclsyntax.TupleConsExpr); ok && len(tuple.Exprs) == n {
		for i, element := range tuple.Exprs {
			ranges[i] = element.Range()
		}
	}
	return ranges
}

// secret reads a string that is never shown, wherever it comes from.
func (b *block) secret(name string, target *Secret, checks ...func(string) string) bool {
	b.concealed = append(b.concealed, name)
	var text string
	if !b.text(name, &text, checks...) {
		return false
	}
	*target = Secret(text)
	return true
}

// secretTexts is texts for values that are never shown.
func (b *block) secretTexts(name string) ([]setting, bool) {
	b.concealed = append(b.concealed, name)
	return b.texts(name)
}

// child opens the one nested block of a type; an absent one reads as empty.
func (b *block) child(name string) *block {
	from := b.childSyntax(name)
	inner := b.l.open(nil, b.head, name, b.path+"/"+name)
	if from != nil {
		inner = b.l.open(from.Body, from.DefRange(), name, b.path+"/"+name)
	}
	return inner
}

// childSyntax finds the one nested block of a type, nil when there is none.
func (b *block) childSyntax(name string) *hclsyntax.Block {
	b.inner = append(b.inner, name)
	var first *hclsyntax.Block
	for _, nested := range b.body.Blocks {
		switch {
		case nested.Type != name:
		case first != nil:
			b.errorf(nested.DefRange(), "Duplicate block", "there is one %q block already, at %s; only one is allowed",
				name, first.DefRange())
		case b.l.labelled(nested, 0):
			first = nested
			b.place.set(nested.DefRange(), name)
		default:
			b.failed = true
		}
	}
	return first
}

// adopt takes over the places of a nested block's attributes and its failure.
func (b *block) adopt(inner *block) {
	inner.close()
	b.failed = b.failed || inner.failed
	for key, at := range inner.place.attrs {
		b.place.attrs[placeKey([]string{inner.name, key})] = at
	}
}

// require reports an attribute that is absent.
func (b *block) require(name, why string) bool {
	if b.body.Attributes[name] != nil {
		return true
	}
	b.errorf(b.head, "Missing attribute", "%q must be set in %q: %s", name, b.name, why)
	return false
}

// close reports the attributes and blocks that nothing asked for.
func (b *block) close() {
	for name, attr := range b.body.Attributes {
		if slices.Contains(b.attrs, name) {
			continue
		}
		b.l.report.origin.hide(attr.Expr.Range())
		hint := suggest(name, b.attrs)
		if slices.Contains(b.inner, name) {
			hint = fmt.Sprintf("it is a block: %s { … }", name)
		}
		b.errorf(attr.NameRange, "Unsupported attribute", "%q is no attribute of %q; %s", name, b.name, hint)
	}
	for _, nested := range b.body.Blocks {
		if slices.Contains(b.inner, nested.Type) {
			continue
		}
		b.l.report.origin.hide(nested.Body.Range())
		hint := suggest(nested.Type, b.inner)
		if slices.Contains(b.attrs, nested.Type) {
			hint = fmt.Sprintf("it is an attribute: %s = …", nested.Type)
		}
		b.errorf(nested.DefRange(), "Unsupported block", "%q is no block of %q; %s", nested.Type, b.name, hint)
	}
}

// shortDuration leaves out the zeros that time.Duration prints.
func shortDuration(d time.Duration) string {
	text := strings.TrimSuffix(d.String(), "0s")
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	if text == "" || strings.HasSuffix(text, "s") || strings.HasSuffix(text, "m") || strings.HasSuffix(text, "h") {
		return cmp.Or(text, "0s")
	}
	return d.String() // 10s, 20s …: the zero belonged to the number
}
