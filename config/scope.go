package config

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// scope is what expressions can name: var.NAME, local.NAME and functions.
type scope struct {
	report *report
	fns    map[string]function.Function
	vars   map[string]cty.Value
	locals map[string]*local
}

// local is one entry of a `locals` block, computed when it is first needed.
type local struct {
	expr  hclsyntax.Expression
	place hcl.Range
	state localState
	value cty.Value
}

type localState int8

const (
	localNew localState = iota
	localRunning
	localDone
)

// addLocals takes the entries of one `locals` block.
func (s *scope) addLocals(body *hclsyntax.Body) {
	for _, block := range body.Blocks {
		s.report.addf(block.DefRange(), "Unsupported block", "`locals` holds only attributes: NAME = VALUE")
		s.report.origin.hide(block.Body.Range())
	}
	for name, attr := range body.Attributes {
		if first, twice := s.locals[name]; twice {
			s.report.duplicate(attr.NameRange, first.place, "local", name)
			continue
		}
		s.locals[name] = &local{expr: attr.Expr, place: attr.NameRange}
	}
}

// solveLocals computes all of them, so that one nobody uses is checked too.
func (s *scope) solveLocals() {
	for _, name := range sortedKeys(s.locals) {
		s.solve(name, nil)
	}
}

// solve computes a local after those it names; path holds the ones being
// computed. A cycle or a failure gives an unknown value.
func (s *scope) solve(name string, path []string) cty.Value {
	l := s.locals[name]
	switch l.state {
	case localDone:
		return l.value
	case localRunning:
		cycle := append(path[slices.Index(path, name):], name)
		s.report.addf(l.place, "Circular reference", "local.%s", strings.Join(cycle, " → local."))
		return cty.DynamicVal
	case localNew:
	}
	l.state, l.value = localRunning, cty.DynamicVal
	if s.knowsNames(l.expr) {
		values := map[string]cty.Value{}
		for _, needed := range localsIn(l.expr) {
			values[needed] = s.solve(needed, append(path, name))
		}
		l.value = s.compute(l.expr, values)
	}
	l.state = localDone
	return l.value
}

// localsIn lists the locals that an expression names.
func localsIn(expr hcl.Expression) []string {
	var names []string
	for _, traversal := range expr.Variables() {
		if name, ok := nameAfterRoot(traversal); ok && traversal.RootName() == "local" {
			names = append(names, name)
		}
	}
	return names
}

// nameAfterRoot is NAME of root.NAME or root["NAME"].
func nameAfterRoot(traversal hcl.Traversal) (string, bool) {
	if len(traversal) < 2 {
		return "", false
	}
	switch step := traversal[1].(type) {
	case hcl.TraverseAttr:
		return step.Name, true
	case hcl.TraverseIndex:
		if key := step.Key; key.Type() == cty.String && key.IsKnown() && !key.IsNull() {
			return key.AsString(), true
		}
	}
	return "", false
}

// knowsNames reports every name in the expression that does not exist.
func (s *scope) knowsNames(expr hcl.Expression) bool {
	ok := true
	for _, traversal := range expr.Variables() {
		if !s.knowsName(traversal) {
			ok = false
		}
	}
	return ok
}

func (s *scope) knowsName(traversal hcl.Traversal) bool {
	var known []string
	switch root := traversal.RootName(); root {
	case "var":
		known = sortedKeys(s.vars)
	case "local":
		known = sortedKeys(s.locals)
	default:
		s.report.addf(traversal.SourceRange(), "Unknown name",
			"%q is neither var.NAME nor local.NAME; text stands in quotes: %q", root, root)
		return false
	}
	name, ok := nameAfterRoot(traversal)
	if !ok {
		s.report.addf(traversal.SourceRange(), "Incomplete name", "%s.NAME is needed", traversal.RootName())
		return false
	}
	if !slices.Contains(known, name) {
		what := map[string]string{"var": "variable", "local": "local"}[traversal.RootName()]
		s.report.addf(traversal.SourceRange(), "Unknown name", "there is no %s %q; %s", what, name, suggest(name, known))
		return false
	}
	return true
}

// compute evaluates an expression whose names exist. Failures are reported and
// give an unknown value.
func (s *scope) compute(expr hcl.Expression, locals map[string]cty.Value) cty.Value {
	value, found := expr.Value(&hcl.EvalContext{
		Functions: s.fns,
		Variables: map[string]cty.Value{"var": cty.ObjectVal(s.vars), "local": cty.ObjectVal(locals)},
	})
	s.report.addHCL(found, expr.Range())
	if found.HasErrors() {
		return cty.DynamicVal
	}
	if err := checkNumbers(value); err != nil {
		s.report.addf(expr.Range(), "Number out of range", "%s", err)
		return cty.DynamicVal
	}
	return value
}

// eval computes a value whose secret parts are marked; all of them are kept
// out of messages from then on. It is not ok when the reason is reported already.
func (s *scope) eval(expr hcl.Expression) (cty.Value, bool) {
	if !s.knowsNames(expr) {
		return cty.DynamicVal, false
	}
	locals := map[string]cty.Value{}
	for _, name := range localsIn(expr) {
		locals[name] = s.locals[name].value
	}
	value := s.compute(expr, locals)
	unmarked, marks := value.UnmarkDeep()
	if len(marks) > 0 {
		s.rememberSecrets(value)
	}
	if unmarked.IsWhollyKnown() {
		return value, true
	}
	if !s.report.failed() {
		s.report.addf(expr.Range(), "Cannot compute the value", "it stays unknown")
	}
	return value, false
}

// rememberSecrets takes the marked parts of a value.
func (s *scope) rememberSecrets(value cty.Value) {
	unmarked, marks := value.Unmark()
	switch {
	case len(marks) > 0:
		deep, _ := unmarked.UnmarkDeep()
		s.report.origin.secrets.addValue(deep)
	case unmarked.IsKnown() && !unmarked.IsNull() && unmarked.CanIterateElements():
		for it := unmarked.ElementIterator(); it.Next(); {
			_, element := it.Element()
			s.rememberSecrets(element)
		}
	}
}

// Bounds of numbers, since every digit is written out: maxExponent counts powers
// of two and maxDigits powers of ten, which is about the same.
const (
	maxExponent = 4096
	maxDigits   = 1200
)

var errHugeNumber = errors.New("numbers lie between 1e-1200 and 1e1200")

// hugeNumber recognises a number's text as out of bounds without reading it.
func hugeNumber(text string) bool {
	at := strings.IndexAny(text, "eE")
	if at < 0 {
		return len(text) > maxDigits
	}
	exponent, err := strconv.Atoi(text[at+1:])
	return err != nil || at > maxDigits || exponent > maxDigits || exponent < -maxDigits
}

// checkNumbers refuses numbers that would fill the memory when written out.
func checkNumbers(value cty.Value) error {
	unmarked, _ := value.UnmarkDeep()
	return cty.Walk(unmarked, func(_ cty.Path, v cty.Value) (bool, error) {
		if v.Type() != cty.Number || v.IsNull() || !v.IsKnown() {
			return true, nil
		}
		if f := v.AsBigFloat(); f.IsInf() || f.MantExp(nil) > maxExponent || f.MantExp(nil) < -maxExponent {
			return false, errHugeNumber
		}
		return true, nil
	})
}

// numberText writes a known number exactly.
func numberText(v cty.Value) string { return v.AsBigFloat().Text('f', -1) }
