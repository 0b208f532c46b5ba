package sdk_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headrace/headrace/sdk"
	"github.com/headrace/headrace/sdk/fault"
	"github.com/headrace/headrace/sdk/plugintest"
)

// schemaOf is the payload schema of a type with the argument In.
func schemaOf[In any](t *testing.T) string {
	t.Helper()
	d, err := sdk.Describe(sdk.Plugin{Name: "p", Tasks: []sdk.TaskType{
		sdk.Task("t", func(context.Context, In) (struct{}, error) { return struct{}{}, nil }),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return string(d.TaskTypes[0].PayloadSchema)
}

type inner struct {
	Port int `json:"port,omitempty" default:"8080" description:"where"`
}

type described struct {
	Name    string          `json:"name" description:"who"`
	Kind    string          `json:"kind" default:"plain text"`
	Secret  string          `json:"secret,omitempty" secret:"true"`
	Any     any             `json:"any,omitempty"`
	Raw     json.RawMessage `json:"raw,omitempty"`
	When    time.Time       `json:"when,omitzero"`
	Bytes   []byte          `json:"bytes,omitempty"`
	Inner   inner           `json:"inner,omitzero"`
	List    []string        `json:"list,omitempty" default:"[\"a\"]"`
	Skipped int             `json:"-"`
}

func TestSchemasComeFromTheTypes(t *testing.T) {
	t.Parallel()
	var schema struct {
		Properties           map[string]json.RawMessage `json:"properties"`
		Required             []string                   `json:"required"`
		AdditionalProperties json.RawMessage            `json:"additionalProperties"`
	}
	if err := json.Unmarshal([]byte(schemaOf[described](t)), &schema); err != nil {
		t.Fatal(err)
	}
	if len(schema.Required) != 1 || schema.Required[0] != "name" || string(schema.AdditionalProperties) != "false" {
		t.Errorf("required %v, additional %v", schema.Required, schema.AdditionalProperties)
	}
	want := map[string]string{
		"name":   `{"type":"string","description":"who"}`,
		"kind":   `{"type":"string","default":"plain text"}`,
		"secret": `{"type":"string","writeOnly":true}`,
		"any":    `true`,
		"raw":    `true`,
		"when":   `{"type":"string","format":"date-time"}`,
		"bytes":  `{"type":"string","contentEncoding":"base64"}`,
		"list":   `{"type":["null","array"],"items":{"type":"string"},"default":["a"]}`,
		"inner": `{"type":"object","properties":{"port":{"type":"integer","description":"where","default":8080}},` +
			`"additionalProperties":false}`,
	}
	got := map[string]string{}
	for name, property := range schema.Properties {
		got[name] = string(property)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatTakesEverythingHasNoSchema(t *testing.T) {
	t.Parallel()
	if s := schemaOf[json.RawMessage](t); s != "" {
		t.Errorf("json.RawMessage: %s", s)
	}
	if s := schemaOf[any](t); s != "" {
		t.Errorf("any: %s", s)
	}
}

func TestDefaultsAreFilledInForEachTaskAnew(t *testing.T) {
	t.Parallel()
	p := plugintest.Start(t, sdk.Plugin{Name: "p", Tasks: []sdk.TaskType{
		sdk.Task("t", func(_ context.Context, in described) (described, error) {
			in.List[0] += "!"
			return in, nil
		}),
	}})
	for range 2 {
		raw, failed := p.Run(t.Context(), "t", map[string]any{"name": "n"})
		if failed != nil {
			t.Fatal(failed)
		}
		var got described
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
		if got.Kind != "plain text" || got.Inner.Port != 8080 || len(got.List) != 1 || got.List[0] != "a!" {
			t.Errorf("%+v", got)
		}
	}
}

func TestDurationsAreText(t *testing.T) {
	t.Parallel()
	type waiting struct {
		For sdk.Duration `json:"for" default:"1m30s"`
	}
	p := plugintest.Start(t, sdk.Plugin{Name: "p", Tasks: []sdk.TaskType{
		sdk.Task("t", func(_ context.Context, in waiting) (sdk.Duration, error) { return in.For, nil }),
	}})
	for payload, want := range map[string]string{`{}`: `"1m30s"`, `{"for":"2h"}`: `"2h0m0s"`, `{"for":"-1.5s"}`: `"-1.5s"`, `{"for":"0"}`: `"0s"`} {
		if got, failed := p.Run(t.Context(), "t", plugintest.Raw(payload)); failed != nil || string(got) != want {
			t.Errorf("%s: %s, %v", payload, got, failed)
		}
	}
	for _, payload := range []string{`{"for":"soon"}`, `{"for":5}`, `{"for":""}`} {
		if _, failed := p.Run(t.Context(), "t", plugintest.Raw(payload)); failed == nil || failed.Code != fault.ValidationError {
			t.Errorf("%s: %v", payload, failed)
		}
	}
}

func TestMistakesOfTheAuthorAreReportedTogether(t *testing.T) {
	t.Parallel()
	type badDefault struct {
		N int `json:"n" default:"x"` //nolint:revive // the mistake that the test is about
	}
	type cycle struct {
		Next []cycle `json:"next"`
	}
	type badPlace struct {
		List []inner `json:"list"`
	}
	_, err := sdk.Describe(sdk.Plugin{
		Name:   "Upper",
		Config: sdk.ConfigOf[string](),
		Tasks: []sdk.TaskType{
			sdk.Task("a b", func(context.Context, int) (int, error) { return 0, nil }),
			sdk.Task("twice", func(context.Context, int) (int, error) { return 0, nil }),
			sdk.Task("twice", func(context.Context, int) (int, error) { return 0, nil }),
			sdk.Task[int, int]("none", nil),
			sdk.Task("default", func(context.Context, badDefault) (int, error) { return 0, nil }),
			sdk.Task("cycle", func(context.Context, cycle) (int, error) { return 0, nil }),
			sdk.Task("chan", func(context.Context, int) (chan int, error) { return nil, nil }),
			sdk.Task("place", func(context.Context, badPlace) (int, error) { return 0, nil }),
		},
	})
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	for _, want := range []string{
		`"Upper"`, "string is no struct", `"a b"`, "twice is there twice", "none: no handler", `default "x"`,
		"cycle", "type chan: result", "a default inside a list",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %s:\n%v", want, err)
		}
	}
}
