package config

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are all that expressions may call. folder is where relative paths
// start, lookup reads the environment.
func functions(folder string, lookup func(string) (string, bool), seen *secrets) map[string]function.Function {
	return map[string]function.Function{
		"base64decode": base64DecodeFunc,
		"base64encode": base64EncodeFunc,
		"can":          tryfunc.CanFunc,
		"coalesce":     stdlib.CoalesceFunc,
		"concat":       stdlib.ConcatFunc,
		"contains":     stdlib.ContainsFunc,
		"distinct":     stdlib.DistinctFunc,
		"duration":     durationFunc,
		"env":          envFunc(lookup, seen),
		"file":         fileFunc(folder, seen),
		"flatten":      stdlib.FlattenFunc,
		"format":       stdlib.FormatFunc,
		"join":         stdlib.JoinFunc,
		"jsondecode":   bounded(stdlib.JSONDecodeFunc),
		"jsonencode":   stdlib.JSONEncodeFunc,
		"keys":         stdlib.KeysFunc,
		"length":       lengthFunc,
		"lookup":       stdlib.LookupFunc,
		"lower":        stdlib.LowerFunc,
		"max":          stdlib.MaxFunc,
		"merge":        stdlib.MergeFunc,
		"min":          stdlib.MinFunc,
		"replace":      stdlib.ReplaceFunc,
		"split":        stdlib.SplitFunc,
		"tobool":       stdlib.MakeToFunc(cty.Bool),
		"tonumber":     bounded(stdlib.MakeToFunc(cty.Number)),
		"tostring":     stdlib.MakeToFunc(cty.String),
		"trimspace":    stdlib.TrimSpaceFunc,
		"try":          tryfunc.TryFunc,
		"upper":        stdlib.UpperFunc,
		"values":       stdlib.ValuesFunc,
	}
}

// bounded refuses results with numbers that nobody could write out.
func bounded(inner function.Function) function.Function {
	return function.New(&function.Spec{
		Params: inner.Params(),
		Type: func(args []cty.Value) (cty.Type, error) {
			return inner.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			value, err := inner.Call(args)
			if err != nil {
				return cty.NilVal, err
			}
			return value, checkNumbers(value)
		},
	})
}

// secretText marks text as a secret and remembers it.
func secretText(text string, seen *secrets) cty.Value {
	seen.add(text)
	return cty.StringVal(text).Mark(secretMark{})
}

// envFunc is env(NAME) and env(NAME, DEFAULT). What the environment says is a
// secret; a default stands in the file and is none.
func envFunc(lookup func(string) (string, bool), seen *secrets) function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "name", Type: cty.String}},
		VarParam: &function.Parameter{Name: "default", Type: cty.String},
		Type:     function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if len(args) > 2 {
				return cty.NilVal, function.NewArgErrorf(2, "takes a name and at most one default")
			}
			name := args[0].AsString()
			value, set := lookup(name)
			switch {
			case set && !utf8.ValidString(value):
				return cty.NilVal, function.NewArgErrorf(0, "the environment variable %s is not UTF-8", name)
			case set:
				return secretText(value, seen), nil
			case len(args) == 2:
				return args[1], nil
			}
			return cty.NilVal, function.NewArgErrorf(0,
				"the environment variable %s is not set; set it, or give a default: env(%q, \"…\")", name, name)
		},
	})
}

// fileFunc is file(PATH). Secrets come in files in most container platforms, so
// the content counts as one.
func fileFunc(folder string, seen *secrets) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path := args[0].AsString()
			if !filepath.IsAbs(path) {
				path = filepath.Join(folder, path)
			}
			content, err := readFile(path)
			switch {
			case err != nil:
				return cty.NilVal, function.NewArgErrorf(0, "cannot read %s: %w", path, err)
			case !utf8.Valid(content):
				return cty.NilVal, function.NewArgErrorf(0, "%s is not UTF-8", path)
			}
			return secretText(string(content), seen), nil
		},
	})
}

// durationFunc turns a number of seconds into the text that attributes take,
// and checks one that is text already.
var durationFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		switch args[0].Type() {
		case cty.Number:
			seconds, _ := args[0].AsBigFloat().Float64()
			if seconds < -maxSeconds || seconds > maxSeconds {
				return cty.NilVal, function.NewArgErrorf(0, "is out of range")
			}
			return cty.StringVal(time.Duration(seconds * float64(time.Second)).String()), nil
		case cty.String:
			d, err := time.ParseDuration(args[0].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgErrorf(0, "needs %s", durationForm)
			}
			return cty.StringVal(d.String()), nil
		}
		return cty.NilVal, function.NewArgErrorf(0, "needs a number of seconds or %s", durationForm)
	},
})

// maxSeconds is what fits a time.Duration, rounded down.
const maxSeconds = 9_000_000_000

// durationForm completes a sentence that says what was expected.
const durationForm = `a duration such as "30s", "5m" or "1h30m"`

var base64EncodeFunc = textFunc(func(text string) (string, error) {
	return base64.StdEncoding.EncodeToString([]byte(text)), nil
})

var base64DecodeFunc = textFunc(func(text string) (string, error) {
	decoded, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil:
		return "", function.NewArgErrorf(0, "is not base64")
	case !utf8.Valid(decoded):
		return "", function.NewArgErrorf(0, "does not decode to UTF-8 text")
	}
	return string(decoded), nil
})

// textFunc makes a function of one text.
func textFunc(do func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, err := do(args[0].AsString())
			if err != nil {
				return cty.NilVal, err
			}
			return cty.StringVal(text), nil
		},
	})
}

// lengthFunc counts the elements of a collection or the characters of a text.
var lengthFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		v := args[0]
		switch ty := v.Type(); {
		case ty == cty.String:
			return stdlib.Strlen(v)
		case v.CanIterateElements():
			return cty.NumberIntVal(int64(v.LengthInt())), nil
		}
		return cty.NilVal, fmt.Errorf("needs a list, an object or a text")
	},
})
