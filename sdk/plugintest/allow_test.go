package plugintest_test

import (
	"context"
	"testing"

	"github.com/headrace/headrace/sdk"
	"github.com/headrace/headrace/sdk/plugintest"
)

func TestLeaksCanBeAllowed(t *testing.T) {
	t.Parallel()
	release, ended := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { // after the plugin's own clean-up, so that it is there when that looks
		close(release)
		<-ended
	})
	p := plugintest.Start(t, sdk.Plugin{Name: "leaky", Version: "1", Tasks: []sdk.TaskType{
		sdk.Task("leak", func(context.Context, struct{}) (struct{}, error) {
			go func() {
				defer close(ended)
				<-release
			}()
			return struct{}{}, nil
		}),
	}}, plugintest.AllowLeaks())
	if outcome := p.Do(t.Context(), plugintest.Task{Type: "leak"}); outcome.Fault != nil {
		t.Errorf("outcome %+v", outcome)
	}
}
