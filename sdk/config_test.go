package sdk_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/headrace/headrace/sdk"
	"github.com/headrace/headrace/sdk/fault"
	"github.com/headrace/headrace/sdk/plugintest"
)

type settings struct {
	Greeting string `json:"greeting" description:"what to say"`
	Times    int    `json:"times" default:"1"`
	Token    string `json:"token,omitempty" secret:"true"`

	prepared string
}

// greeter says its greeting; closed hears of configurations that ended.
func greeter(closed chan<- string) sdk.Plugin {
	return sdk.Plugin{
		Name: "greeter",
		Config: sdk.ConfigOf(
			sdk.OnOpen(func(_ context.Context, c *settings) []sdk.Diagnostic {
				if c.Times > 3 {
					return []sdk.Diagnostic{{Path: []string{"times"}, Summary: "Too many", Detail: "at most 3"}}
				}
				c.prepared = strings.Repeat(c.Greeting, c.Times)
				return nil
			}),
			sdk.OnCheck(func(_ context.Context, c settings) []sdk.Diagnostic {
				if c.Greeting == "panic" {
					panic("no")
				}
				return []sdk.Diagnostic{{Summary: "checked " + c.prepared}}
			}),
			sdk.OnClose(func(c settings) { closed <- c.prepared }),
		),
		Tasks: []sdk.TaskType{
			sdk.Task("greet", func(ctx context.Context, _ struct{}) (string, error) {
				return sdk.Config[settings](ctx).prepared, nil
			}),
			sdk.Task("mistake", func(ctx context.Context, _ struct{}) (int, error) { return sdk.Config[int](ctx), nil }),
		},
	}
}

func greet(t *testing.T, p *plugintest.Plugin) string {
	t.Helper()
	result, failed := p.Run(t.Context(), "greet", nil)
	if failed != nil {
		t.Fatal(failed)
	}
	return string(result)
}

func TestConfigurationReachesTheHandler(t *testing.T) {
	t.Parallel()
	closed := make(chan string, 10)
	p := plugintest.Start(t, greeter(closed), plugintest.WithConfig(map[string]any{"greeting": "hi", "times": 2}))
	if got := greet(t, p); got != `"hihi"` {
		t.Errorf("greeting %s", got)
	}
	if got := p.Check(t.Context()); len(got) != 1 || got[0].Summary != "checked hihi" {
		t.Errorf("check %+v", got)
	}
	if outcome := p.Do(t.Context(), plugintest.Task{Type: "mistake"}); outcome.Fault == nil || outcome.Fault.Code != fault.InternalError {
		t.Errorf("the wrong type: %+v", outcome)
	}
}

func TestReconfiguringIsAllOrNothing(t *testing.T) {
	t.Parallel()
	closed := make(chan string, 10)
	p := plugintest.Start(t, greeter(closed), plugintest.WithConfig(map[string]any{"greeting": "a"}))
	if got := p.Reconfigure(map[string]any{"greeting": "b", "times": 9}); len(got) != 1 || fmt.Sprint(got[0]) != "{[times] Too many at most 3}" {
		t.Errorf("diagnostics %+v", got)
	}
	if got := greet(t, p); got != `"a"` || len(closed) != 0 {
		t.Errorf("after a refusal: %s", got)
	}
	if got := p.Reconfigure(map[string]any{"greeting": "c"}); len(got) != 0 {
		t.Errorf("diagnostics %+v", got)
	}
	if got := greet(t, p); got != `"c"` || <-closed != "a" {
		t.Errorf("after the change: %s", got)
	}
}

func TestBadConfigurationsAreTraced(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]string{
		`{}`:                            "[{[greeting] Missing attribute greeting }]",
		`{"greeting":"a","b":1,"a":1}`:  "[{[a] Unknown attribute a } {[b] Unknown attribute b }]",
		`{"greeting":1}`:                "[{[greeting] Wrong type a number does not fit string}]",
		`{"greeting":"a","times":1e99}`: "[{[times] Wrong type a number 1e99 does not fit int}]",
		`[]`:                            "[{[] The configuration is no JSON object json: cannot unmarshal array into Go value of type map[string]json.RawMessage}]",
	} {
		got := plugintest.Configure(t, greeter(make(chan string, 1)), plugintest.Raw(config))
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v", config, got)
		}
	}
}

func TestAPluginWithoutConfigurationTakesNone(t *testing.T) {
	t.Parallel()
	plain := returning(nil)
	if got := plugintest.Configure(t, plain, plugintest.Raw(`{}`)); len(got) != 0 {
		t.Errorf("an empty block: %+v", got)
	}
	if got := plugintest.Configure(t, plain, plugintest.Raw(`{"a":1}`)); len(got) != 1 || got[0].Summary != "The plugin takes no configuration" {
		t.Errorf("a block: %+v", got)
	}
}
