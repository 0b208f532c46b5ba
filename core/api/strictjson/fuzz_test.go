package strictjson_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/headrace/headrace/core/api/strictjson"
)

// FuzzCheck holds the guard against encoding/json: what the guard accepts, that
// accepts too and means the same by it, part by part.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		`{"type":"demo.echo","payload":{"a":[1,2,{"b":null}]}}`, `[1e400,9007199254740993,-0.5]`,
		`{"a":1,"\u0061":2}`, `"\ud83d\ude00"`, `"\u0000"`, ` { } `, `{"a":"]}\\\""}`, strings.Repeat("[", 70),
		objectOf(12, -1), objectOf(12, 3),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		before := bytes.Clone(document)
		err := strictjson.Check(document)
		if !bytes.Equal(before, document) {
			t.Fatal("the document was changed")
		}
		if err != nil {
			return
		}
		if !json.Valid(document) {
			t.Fatalf("accepted %q, which is not JSON", document)
		}
		sameParts(t, document)
	})
}

// sameParts compares the parts of a document with what encoding/json finds.
func sameParts(t *testing.T, document json.RawMessage) {
	t.Helper()
	switch strictjson.KindOf(document) {
	case strictjson.Object:
		var want map[string]json.RawMessage
		decode(t, document, &want)
		for key, value := range strictjson.Members(document) {
			if !bytes.Equal(want[key], value) {
				t.Fatalf("member %q: got %q, want %q", key, value, want[key])
			}
			delete(want, key)
			sameParts(t, value)
		}
		if len(want) > 0 {
			t.Fatalf("members %v were not seen", want)
		}
	case strictjson.Array:
		var want []json.RawMessage
		decode(t, document, &want)
		i := 0
		for element := range strictjson.Elements(document) {
			if !bytes.Equal(want[i], element) {
				t.Fatalf("element %d: got %q, want %q", i, element, want[i])
			}
			sameParts(t, element)
			i++
		}
		if i != len(want) {
			t.Fatalf("got %d elements, want %d", i, len(want))
		}
	case strictjson.String:
		var want string
		decode(t, document, &want)
		if got := strictjson.Text(document); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	case strictjson.Number, strictjson.Bool, strictjson.Null:
	}
}

func decode(t *testing.T, document json.RawMessage, into any) {
	t.Helper()
	if err := json.Unmarshal(document, into); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkCheck(b *testing.B) {
	batch := `{"tasks":[` + strings.Repeat(`{"type":"demo.echo","payload":{"customer":"4711","n":42,"list":[1,2,3],"text":"the quick brown fox jumps over the lazy dog"},"priority":"HIGH"},`, 999) + `{"type":"x"}]}`
	for name, document := range map[string]string{
		"one":         `{"type":"demo.echo","payload":{"customer":"4711","n":42,"list":[1,2,3],"text":"the quick brown fox"},"priority":"HIGH"}`,
		"batch":       batch,
		"1000 keys":   objectOf(1000, -1),
		"a megabyte":  `"` + strings.Repeat("x", 1<<20) + `"`,
		"not english": `"` + strings.Repeat("é", 1<<16) + `"`,
	} {
		b.Run(name, func(b *testing.B) {
			data := []byte(document)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := strictjson.Check(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
