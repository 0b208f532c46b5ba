package config

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// explain reports what the validator found, each at the attribute concerned.
// Alternatives (anyOf, oneOf) are one finding, since none of their parts alone
// must hold.
func (s *schema) explain(root *node, v *jsonschema.ValidationError) {
	switch v.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		n, rest := root.find(v.InstanceLocation)
		s.l.report.addf(n.at, "Invalid value", "%s fits none of the allowed forms: %s",
			called(v.InstanceLocation, rest), strings.Join(s.forms(root, v), "; or "))
		return
	}
	if len(v.Causes) == 0 {
		s.explainOne(root, v)
	}
	for _, cause := range v.Causes {
		s.explain(root, cause)
	}
}

// forms says for each alternative why it does not fit.
func (s *schema) forms(root *node, v *jsonschema.ValidationError) []string {
	if len(v.Causes) > 0 {
		var out []string
		for _, cause := range v.Causes {
			out = append(out, s.forms(root, cause)...)
		}
		return out
	}
	n, rest := root.find(v.InstanceLocation)
	return []string{called(v.InstanceLocation, rest) + " " + demand(n, v.ErrorKind)}
}

func (s *schema) explainOne(root *node, v *jsonschema.ValidationError) {
	n, rest := root.find(v.InstanceLocation)
	name := called(v.InstanceLocation, rest)
	switch k := v.ErrorKind.(type) {
	case *kind.Required:
		for _, missing := range k.Missing {
			s.l.report.addf(n.at, "Missing attribute", "%s needs %q", name, missing)
		}
	case *kind.AdditionalProperties:
		for _, extra := range k.Properties {
			child, _ := n.find([]string{extra})
			s.unknown(child, extra, nil)
		}
	case *kind.Type:
		s.l.report.addf(n.at, "Wrong type", "%s %s", name, demand(n, k))
	default:
		s.l.report.addf(n.at, "Invalid value", "%s %s", name, demand(n, k))
	}
}

// called is how messages call the value at a path.
func called(path, rest []string) string {
	path = path[:len(path)-len(rest)]
	if len(path) == 0 {
		return "the plugin's config"
	}
	return strconv.Quote(strings.Join(path, "."))
}

// demand says what the schema wants of a value; the value itself is shown
// unless it is a secret.
func demand(n *node, found jsonschema.ErrorKind) string {
	is := "is " + n.show() + "; it must be "
	switch k := found.(type) {
	case *kind.Type:
		return fmt.Sprintf("must be %s, not %s", strings.Join(k.Want, " or "), k.Got)
	case *kind.Required:
		return "needs " + quoteAll(k.Missing)
	case *kind.Enum:
		return is + "one of " + jsonList(k.Want)
	case *kind.Const:
		return is + jsonList([]any{k.Want})
	case *kind.Pattern:
		return is + "text that matches " + k.Want
	case *kind.Minimum:
		return is + "at least " + ratText(k.Want)
	case *kind.Maximum:
		return is + "at most " + ratText(k.Want)
	case *kind.ExclusiveMinimum:
		return is + "more than " + ratText(k.Want)
	case *kind.ExclusiveMaximum:
		return is + "less than " + ratText(k.Want)
	case *kind.MultipleOf:
		return is + "a multiple of " + ratText(k.Want)
	case *kind.MinLength:
		return fmt.Sprintf("must have at least %d characters", k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("must have at most %d characters", k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("must have at least %d entries", k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("must have at most %d entries", k.Want)
	}
	if n.secret {
		return "does not fit the schema: " + strings.Join(found.KeywordPath(), ".")
	}
	return found.LocalizedString(message.NewPrinter(language.English))
}

func jsonList(values []any) string {
	texts := make([]string, len(values))
	for i, value := range values {
		text, err := json.Marshal(value)
		if err != nil {
			text = []byte(fmt.Sprint(value))
		}
		texts[i] = string(text)
	}
	return strings.Join(texts, ", ")
}

// ratText writes a bound of a schema as short as it is exact.
func ratText(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	f, _ := r.Float64()
	return strconv.FormatFloat(f, 'g', -1, 64)
}
