package deadletter

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/archive"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAKindOfErrorHasOneFingerprint(t *testing.T) {
	t.Parallel()
	same := []string{
		"dial 10.0.0.1:5432: task 019abf3e-7a50-7c61-9f0e-2b1c7f3b9a10 after 15 tries",
		"dial 192.168.7.44:80:  task 019abf3e-7a50-7c61-9f0e-000000000000 after 3 tries",
		"Dial 10.0.0.1:5432: task 119ABF3E-7a50-7c61-9f0e-2b1c7f3b9a10 after 15 tries",
	}
	for _, message := range same {
		if got, want := Fingerprint("t", "c", message), Fingerprint("t", "c", same[0]); got != want {
			t.Errorf("%q: %s, want %s", message, got, want)
		}
	}
	for _, other := range []string{Fingerprint("t", "c", "refused"), Fingerprint("u", "c", same[0]), Fingerprint("t", "d", same[0])} {
		if other == Fingerprint("t", "c", same[0]) {
			t.Error("another kind has the same fingerprint")
		}
	}
	if got := Fingerprint("demo.fail", "not_found", "no 5"); got != "0d31da3856f0" {
		t.Errorf("the fingerprint has changed to %s: people have noted the old ones", got)
	}
}

func TestAJobKeepsItsPaceAndEnds(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	j := Job{PerSecond: 50, NextAt: now.Add(-time.Hour)}
	if n := j.StepSize(256); n != 13 {
		t.Errorf("a step of %d", n)
	}
	looked := []task.Task{{ID: task.NewID()}, {ID: task.NewID()}}
	j.Advance(looked, 1, 2, now)
	if j.State != Running || j.Redriven != 1 || j.Skipped != 1 || j.Position != looked[1].ID || !j.NextAt.Equal(now.Add(20*time.Millisecond)) {
		t.Errorf("%+v", j)
	}
	if j.Advance(nil, 0, 2, now); j.State != Ended || j.Position != looked[1].ID {
		t.Errorf("%+v", j)
	}
}

// evictions is a store with dead letters to evict.
type evictions struct {
	CleanerStore
	tasks   []task.Task
	evicted int
}

func (e *evictions) DeadOlder(context.Context, time.Duration, int) ([]task.Task, error) {
	return e.tasks, nil
}
func (*evictions) DeadBeyond(context.Context, int64, int) ([]task.Task, error) { return nil, nil }
func (*evictions) ForgetRedrives(context.Context, time.Duration) error         { return nil }
func (e *evictions) CountDead(context.Context, Filter) (int64, error) {
	return int64(len(e.tasks)), nil
}

func (e *evictions) EvictDead(_ context.Context, tasks []task.Task, _ func(*task.Task) event.Event, _ []event.Event) (int, error) {
	e.evicted, e.tasks = e.evicted+len(tasks), nil
	return len(tasks), nil
}

type brokenArchive struct{}

var errFull = errors.New("the disk is full")

func (brokenArchive) Write(context.Context, archive.Batch) (archive.File, error) {
	return archive.File{}, errFull
}

func TestNothingIsEvictedThatCannotBeArchived(t *testing.T) {
	t.Parallel()
	store := &evictions{tasks: []task.Task{{ID: uuid.New()}}}
	cfg := CleanerConfig{Store: store, Archive: brokenArchive{}, Leads: func() bool { return true }, Retention: time.Hour, Every: time.Hour}
	c, err := NewCleaner(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Clean(t.Context(), Asker{}); !errors.Is(err, errFull) || store.evicted != 0 {
		t.Errorf("%d evicted, %v", store.evicted, err)
	}
	cfg.Archive = nil
	if c, err = NewCleaner(cfg); err != nil {
		t.Fatal(err)
	}
	if cleaned, err := c.Clean(t.Context(), Asker{}); err != nil || cleaned.Removed != 1 || cleaned.Remaining != 0 {
		t.Errorf("%+v, %v", cleaned, err)
	}
}
