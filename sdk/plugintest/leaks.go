package plugintest

import (
	"bytes"
	"runtime/pprof"
	"strings"
	"testing"
	"time"
)

// leakLabel is the profiler label of the goroutines of a plugin under test. A
// goroutine inherits the labels of the one that starts it.
const leakLabel = "plugintest"

// leakPoll is how often the goroutines are looked at while they end.
const leakPoll = 5 * time.Millisecond

// checkLeaks fails the test when goroutines with the label are still there after
// a while.
func checkLeaks(t testing.TB, label string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		stacks, err := labelled(label)
		if err != nil {
			t.Errorf("plugintest: list the goroutines: %v", err)
			return
		}
		if len(stacks) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("plugintest: the plugin left goroutines behind:\n\n%s", strings.Join(stacks, "\n\n"))
			return
		}
		<-time.After(leakPoll)
	}
}

// labelled returns the stacks of the goroutines that carry the label.
func labelled(label string) ([]string, error) {
	var text bytes.Buffer
	// Form 1 of the profile shows labels, one block for each distinct stack.
	if err := pprof.Lookup("goroutine").WriteTo(&text, 1); err != nil {
		return nil, err
	}
	var found []string
	for stack := range strings.SplitSeq(text.String(), "\n\n") {
		if strings.Contains(stack, `"`+leakLabel+`":"`+label+`"`) {
			found = append(found, stack)
		}
	}
	return found, nil
}
