package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// variablePrefix starts the names of environment variables that set variables:
// HEADRACE_VAR_region or HEADRACE_VAR_REGION.
const variablePrefix = "HEADRACE_VAR_"

// variable is one `variable` block.
type variable struct {
	name      string
	place     hcl.Range
	ty        cty.Type
	optional  *typeexpr.Defaults
	sensitive bool
	value     cty.Value // the default; cty.NilVal when there is none
}

// readVariables fills the scope's variables.
func (l *loader) readVariables(blocks []*hclsyntax.Block) {
	for _, block := range l.unique(blocks) {
		v := l.readVariable(block)
		l.scope.vars[v.name] = l.variableValue(v)
	}
	for _, name := range sortedKeys(l.opts.Vars) {
		if _, known := l.scope.vars[name]; !known {
			l.report.addf(hcl.Range{}, "Unknown variable", "-var sets %q, but no `variable` block has that name; %s",
				name, suggest(name, sortedKeys(l.scope.vars)))
		}
	}
}

func (l *loader) readVariable(block *hclsyntax.Block) variable {
	b := l.open(block.Body, block.DefRange(), "variable", "variables/"+block.Labels[0])
	v := variable{name: block.Labels[0], place: block.DefRange(), ty: cty.String, value: cty.NilVal}
	if !hclsyntax.ValidIdentifier(v.name) {
		l.report.addf(block.LabelRanges[0], "Invalid name", "a variable's name is made of letters, digits, _ and -")
	}
	var description string
	b.text("description", &description)
	b.flag("sensitive", &v.sensitive)
	if attr := b.attr("type"); attr != nil {
		ty, optional, found := typeexpr.TypeConstraintWithDefaults(attr.Expr)
		l.report.addHCL(found, attr.Expr.Range())
		v.ty, v.optional = ty, optional
	}
	if attr := b.attr("default"); attr != nil {
		v.value = l.variableDefault(v, attr)
	}
	b.close()
	return v
}

func (l *loader) variableDefault(v variable, attr *hclsyntax.Attribute) cty.Value {
	if v.sensitive {
		l.report.origin.hide(attr.Expr.Range())
	}
	if names := attr.Expr.Variables(); len(names) > 0 {
		l.report.addf(names[0].SourceRange(), "Unsupported reference", "a default names no other value; use `locals`")
		return cty.DynamicVal
	}
	value := l.scope.compute(attr.Expr, nil)
	return l.convertVariable(v, value, attr.Expr.Range(), "the default of the variable "+v.name)
}

// variableValue finds the value: -var before the environment before the default.
func (l *loader) variableValue(v variable) cty.Value {
	value := v.value
	if text, from, ok := l.givenVariable(v.name); ok {
		value = l.parseVariable(v, text, from)
	}
	if value == cty.NilVal {
		l.report.addf(v.place, "Missing value", "the variable %q has no default; set it with -var %s=VALUE or %s%s",
			v.name, v.name, variablePrefix, v.name)
		return cty.DynamicVal
	}
	if !v.sensitive {
		return value
	}
	unmarked, _ := value.UnmarkDeep()
	l.report.origin.secrets.addValue(unmarked)
	return value.Mark(secretMark{})
}

func (l *loader) givenVariable(name string) (text, from string, ok bool) {
	if text, ok := l.opts.Vars[name]; ok {
		return text, "-var " + name, true
	}
	for _, key := range slices.Compact([]string{variablePrefix + name, variablePrefix + strings.ToUpper(name)}) {
		if text, ok := l.opts.LookupEnv(key); ok {
			return text, key, true
		}
	}
	return "", "", false
}

// parseVariable reads text from outside: as it is for simple types, as an HCL
// expression for lists and objects.
func (l *loader) parseVariable(v variable, text, from string) cty.Value {
	if v.sensitive {
		l.report.origin.secrets.add(text)
	}
	if v.ty.IsPrimitiveType() {
		return l.convertVariable(v, cty.StringVal(text), v.place, from)
	}
	tokens, _ := hclsyntax.LexExpression([]byte(text), from, fileStart)
	if _, deep := tooDeep(tokens); deep || len(text) > maxFileSize {
		l.report.addf(v.place, "Invalid value", "%s is too long or nested too deeply", from)
		return cty.DynamicVal
	}
	expr, found := hclsyntax.ParseExpression([]byte(text), from, fileStart)
	if found.HasErrors() || len(expr.Variables()) > 0 {
		l.report.addf(v.place, "Invalid value", "%s is no HCL expression of constants, such as [\"a\", \"b\"]", from)
		return cty.DynamicVal
	}
	value, found := expr.Value(nil)
	if found.HasErrors() {
		l.report.addf(v.place, "Invalid value", "%s is no HCL expression of constants, such as [\"a\", \"b\"]", from)
		return cty.DynamicVal
	}
	return l.convertVariable(v, value, v.place, from)
}

func (l *loader) convertVariable(v variable, value cty.Value, at hcl.Range, from string) cty.Value {
	raw, marks := value.UnmarkDeep()
	if v.optional != nil && !raw.IsNull() {
		raw = v.optional.Apply(raw)
	}
	converted, err := convert.Convert(raw, v.ty)
	if err == nil {
		err = checkNumbers(converted)
	}
	if err != nil {
		l.report.addf(at, "Wrong type", "%s must be %s: %s", from, typeexpr.TypeString(v.ty), err)
		return cty.DynamicVal
	}
	return converted.WithMarks(marks)
}
