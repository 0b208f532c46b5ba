package strictjson_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headrace/headrace/core/api/strictjson"
)

func TestPartsComeAsTheyWereSent(t *testing.T) {
	t.Parallel()
	document := json.RawMessage(" {\"n\" : 9007199254740993 , \"big\":1e400,\"o\": { \"a\\\"}\" : [1, {}] } ,\r\n\"\\u0074\" : \"]\\\\\" ,\"l\":[ ],\"x\":null}\n")
	if err := strictjson.Check(document); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for key, value := range strictjson.Members(document) {
		got[key] = string(value)
	}
	want := map[string]string{
		"n": "9007199254740993", "big": "1e400", "o": `{ "a\"}" : [1, {}] }`, "t": `"]\\"`, "l": "[ ]", "x": "null",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	var elements, numbers []string
	for e := range strictjson.Elements(json.RawMessage(`[ 1e400, "a,]" ,[2,"3"], {"x":-4.0} ,true]`)) {
		elements = append(elements, string(e))
		for n := range strictjson.Numbers(e) {
			numbers = append(numbers, string(n))
		}
	}
	if diff := cmp.Diff([]string{"1e400", `"a,]"`, `[2,"3"]`, `{"x":-4.0}`, "true"}, elements); diff != "" {
		t.Errorf("elements (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1e400", "2", "-4.0"}, numbers); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]strictjson.Kind{
		" {}": strictjson.Object, "[]": strictjson.Array, `"x"`: strictjson.String, "-1": strictjson.Number,
		"0": strictjson.Number, "true": strictjson.Bool, "false": strictjson.Bool, "null": strictjson.Null,
	} {
		if got := strictjson.KindOf([]byte(document)); got != want {
			t.Errorf("%s: got %c, want %c", document, got, want)
		}
	}
}

func TestTextIsDecoded(t *testing.T) {
	t.Parallel()
	if got := strictjson.Text(json.RawMessage(` "a\n\u00e9\ud83d\ude00\"/" `)); got != "a\né😀\"/" {
		t.Errorf("got %q", got)
	}
}
