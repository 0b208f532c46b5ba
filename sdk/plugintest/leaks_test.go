package plugintest

import (
	"context"
	"runtime/pprof"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOnlyThePluginsOwnGoroutinesCount(t *testing.T) {
	t.Parallel()
	release, ended := make(chan struct{}), make(chan struct{})
	pprof.Do(t.Context(), pprof.Labels(leakLabel, t.Name()), func(context.Context) {
		go func() {
			defer close(ended)
			<-release
		}()
	})
	stacks, err := labelled(t.Name())
	if err != nil || len(stacks) != 1 {
		t.Errorf("one goroutine waits, found %d, %v", len(stacks), err)
	}
	if others, err := labelled("another plugin"); err != nil || len(others) != 0 {
		t.Errorf("another plugin has %v, %v", others, err)
	}
	close(release)
	<-ended
	checkLeaks(t, t.Name())
}
