package strictjson_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/headrace/headrace/core/api/strictjson"
)

func TestCheckAcceptsOneDocument(t *testing.T) {
	t.Parallel()
	for _, document := range []string{
		`{}`, `[]`, `0`, `-0`, `1.5e-3`, `9007199254740993`, `1e400`, `"x"`, `true`, `false`, `null`,
		" \t\r\n{ \"a\" : [ 1 , { } ] } \n", `{"a":{"a":1},"b":{"a":1}}`, `"\u00e9\ud83d\ude00\n\/"`, "\"é😀\u2028\"",
		strings.Repeat("[", 64) + strings.Repeat("]", 64), objectOf(100, -1),
	} {
		if err := strictjson.Check([]byte(document)); err != nil {
			t.Errorf("%.60s: %v", document, err)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ document, reason string }{
		"nothing":                 {"", "ends"},
		"space only":              {"  ", "ends"},
		"two documents":           {`{} {}`, "behind"},
		"text behind":             {`{"a":1}x`, "behind"},
		"a byte order mark":       {"\xef\xbb\xbf{}", "value"},
		"a doubled key":           {`{"a":1,"a":2}`, "twice"},
		"a doubled key deep down": {`[{"x":[{"b":1,"c":{},"b":2}]}]`, "twice"},
		"a doubled key, escaped":  {`{"a":1,"\u0061":2}`, "twice"},
		"two escaped keys":        {`{"\u0061":1,"\u0061":2}`, "twice"},
		"a doubled key of many":   {objectOf(100, 57), "twice"},
		"a doubled empty key":     {`{"":1,"":2}`, "twice"},
		"NUL":                     {`"\u0000"`, "NUL"},
		"a NUL byte":              {"\"\x00\"", "control"},
		"a NUL byte outside":      {"\x00", "value"},
		"NUL in a key":            {`{"\u0000":1}`, "NUL"},
		"a lone high surrogate":   {`"\ud83d"`, "surrogate"},
		"a lone low surrogate":    {`"\ude00"`, "surrogate"},
		"two high surrogates":     {`"\ud83d\ud83d"`, "surrogate"},
		"high, then a letter":     {`"\ud83dx"`, "surrogate"},
		"invalid UTF-8":           {"\"\xff\"", "UTF-8"},
		"a surrogate in UTF-8":    {"\"\xed\xa0\x80\"", "UTF-8"},
		"overlong UTF-8":          {"\"\xc0\x80\"", "UTF-8"},
		"cut UTF-8":               {"\"\xe2\x82", "UTF-8"},
		"a line break in text":    {"\"\n\"", "control"},
		"an unknown escape":       {`"\x41"`, "escape"},
		"a short escape":          {`"\u12"`, "hexadecimal"},
		"an open string":          {`"abc`, "end"},
		"an open escape":          {`"\`, "end"},
		"an open object":          {`{"a":1`, "ends"},
		"an open array":           {`[1,`, "ends"},
		"a comma too many":        {`[1,]`, "value"},
		"a comma in an object":    {`{"a":1,}`, "key"},
		"no colon":                {`{"a" 1}`, "colon"},
		"a number as key":         {`{1:1}`, "key"},
		"a leading zero":          {`01`, "behind"},
		"a plus":                  {`+1`, "value"},
		"no digit":                {`-`, "digit"},
		"no digit behind point":   {`1.`, "digit"},
		"no digit behind e":       {`1e+`, "digit"},
		"NaN":                     {`NaN`, "value"},
		"half a word":             {`tru`, "value"},
		"a comment":               {`{/*x*/}`, "key"},
		"single quotes":           {`{'a':1}`, "key"},
		"65 levels":               {strings.Repeat("[", 65) + strings.Repeat("]", 65), "levels"},
		"a million levels":        {strings.Repeat(`{"a":`, 1_000_000), "levels"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := strictjson.Check([]byte(test.document))
			var syntax *strictjson.SyntaxError
			if !errors.As(err, &syntax) || !strings.Contains(syntax.Reason, test.reason) {
				t.Fatalf("got %v, want a reason with %q", err, test.reason)
			}
		})
	}
}

// objectOf makes an object of n keys; doubled is the number of one that comes
// again at the end, -1 for none.
func objectOf(n, doubled int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"key%d":%d`, i*7919%n, i)
	}
	if doubled >= 0 {
		fmt.Fprintf(&b, `,"key%d":0`, doubled)
	}
	return "{" + b.String()[1:] + "}"
}
