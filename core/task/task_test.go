package task_test

import (
	"testing"
	"time"

	"github.com/headrace/headrace/core/task"
)

func TestFinalStatusesAbsorb(t *testing.T) {
	t.Parallel()
	for _, from := range task.Statuses() {
		leaves := false
		for _, to := range task.Statuses() {
			leaves = leaves || from.CanBecome(to)
		}
		if leaves == from.Final() {
			t.Errorf("%s: final %v, can leave %v", from, from.Final(), leaves)
		}
		if from.CanBecome(from) {
			t.Errorf("%s becomes itself", from)
		}
	}
	if task.DeadLetter.CanBecome(task.Running) || task.Pending.CanBecome(task.Completed) {
		t.Error("a step is missing on the way")
	}
}

func TestNamesAreReadBack(t *testing.T) {
	t.Parallel()
	for _, s := range task.Statuses() {
		if got, err := task.ParseStatus(s.String()); err != nil || got != s {
			t.Errorf("%s: %v %v", s, got, err)
		}
	}
	for text, want := range map[string]task.Priority{"LOW": 0, "medium": 1, "High": 2, "3": 3, "critical": 3} {
		if got, err := task.ParsePriority(text); err != nil || got != want {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"", "4", "-1", "urgent", "running"} {
		if _, err := task.ParsePriority(text); err == nil {
			t.Errorf("priority %q is accepted", text)
		}
	}
	if _, err := task.ParseStatus("Pending"); err == nil {
		t.Error("a status in another case is accepted")
	}
}

func TestAnIDHoldsItsTime(t *testing.T) {
	t.Parallel()
	before := time.Now().Add(-time.Millisecond)
	if at := task.CreatedAt(task.NewID()); at.Before(before) || at.After(time.Now().Add(time.Second)) || at.Location() != time.UTC {
		t.Errorf("created %v, around %v", at, before)
	}
}

func TestADelayedTaskQueuesUpWhenItIsDue(t *testing.T) {
	t.Parallel()
	created := time.UnixMilli(1000)
	for runAt, want := range map[time.Time]int64{{}: 1000, time.UnixMilli(500): 1000, time.UnixMilli(9000): 9000} {
		if h := task.HintOf(&task.Task{Created: created, RunAt: runAt}); h.Order != want {
			t.Errorf("run_at %v: order %d, want %d", runAt, h.Order, want)
		}
	}
}
