package event_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/headrace/headrace/core/event"
)

func TestEveryTypeIsDeclaredOnceAndWhole(t *testing.T) {
	t.Parallel()
	seen := map[event.Type]bool{}
	for _, d := range event.Declarations() {
		if seen[d.Type] {
			t.Errorf("%s is declared twice", d.Type)
		}
		seen[d.Type] = true
		if d.Describes == "" || d.Category == "" || !strings.Contains(string(d.Type), ".") {
			t.Errorf("the declaration of %s is not whole: %+v", d.Type, d)
		}
		if e := event.New(d.Type, "x", struct{}{}); e.Severity != d.Severity || string(e.Metadata) != "{}" {
			t.Errorf("event %+v", e)
		}
	}
}

func TestSeveritiesAreOrderedAndReadBack(t *testing.T) {
	t.Parallel()
	for s := event.Debug; s <= event.Critical; s++ {
		if got, err := event.ParseSeverity(s.String()); err != nil || got != s {
			t.Errorf("%s: %v %v", s, got, err)
		}
	}
	if _, err := event.ParseSeverity("fatal"); err == nil {
		t.Error("an unknown severity is accepted")
	}
}

func TestDefectsOfTheCallerPanic(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(){
		"undeclared type":  func() { event.New("made.up", "", struct{}{}) },
		"metadata no JSON": func() { event.New(event.TaskCreated, "", make(chan int)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			call()
		}()
	}
}

func TestTaskMetadataLeavesOutWhatIsNotSet(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(event.TaskMetadata{TaskType: "t"})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"taskId":"00000000-0000-0000-0000-000000000000","taskType":"t","priority":0,"attempt":0}`; string(text) != want {
		t.Errorf("%s", text)
	}
}
