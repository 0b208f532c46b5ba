package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

func exercisePauses(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"a pause comes back as it was stored":               pauseComesBack,
		"a second pause changes the one that stands":        pauseChanges,
		"a pause is ended once":                             pauseEndsOnce,
		"a pause ends by itself when its time is over":      pauseEndsByItself,
		"a reason that is no text is refused with no pause": pauseRefused,
	})
}

// pauseTrail stands for the type in events, which are found by task.
type pauseTrail struct{ id uuid.UUID }

func (p pauseTrail) record(kind event.Type) func(tasktype.Pause) event.Event {
	return func(tasktype.Pause) event.Event {
		return event.New(kind, "a pause", map[string]string{"taskId": p.id.String()})
	}
}

// pause pauses the type of the fixture.
func (f *fixture) pause(trail pauseTrail, until time.Time) tasktype.Pause {
	f.Helper()
	p, err := f.store.PauseType(f.ctx, tasktype.Pause{Type: f.typ, Reason: "repairs", By: "key:test", Until: until},
		trail.record(event.TaskTypePaused))
	f.ok(err)
	return p
}

// standing are the pauses of the type.
func (f *fixture) standing() []tasktype.Pause {
	f.Helper()
	all, err := f.store.Pauses(f.ctx)
	f.ok(err)
	return slices.DeleteFunc(all, func(p tasktype.Pause) bool { return p.Type != f.typ })
}

func pauseComesBack(f *fixture) {
	trail, until := pauseTrail{task.NewID()}, soon(time.Hour)
	before := time.Now().Add(-time.Minute)
	p := f.pause(trail, until)
	if p.Since.Before(before) || p.Reason != "repairs" || p.By != "key:test" || !p.Until.Equal(until) {
		f.Errorf("stored %+v", p)
	}
	f.same("the pauses", f.standing(), []tasktype.Pause{p})
	f.wantTrail(trail.id, event.TaskTypePaused)
}

func pauseChanges(f *fixture) {
	trail := pauseTrail{task.NewID()}
	first := f.pause(trail, soon(time.Hour))
	second := f.pause(trail, time.Time{})
	if !second.Since.Equal(first.Since) || !second.Until.IsZero() {
		f.Errorf("first %+v, then %+v", first, second)
	}
	f.same("the pauses", f.standing(), []tasktype.Pause{second})
	f.wantTrail(trail.id, event.TaskTypePaused, event.TaskTypePaused)
}

func pauseEndsOnce(f *fixture) {
	trail := pauseTrail{task.NewID()}
	f.pause(trail, time.Time{})
	for _, want := range []bool{true, false} {
		got, err := f.store.ResumeType(f.ctx, f.typ, trail.record(event.TaskTypeResumed))
		f.ok(err)
		if got != want {
			f.Errorf("resumed: %v, want %v", got, want)
		}
	}
	if left := f.standing(); len(left) > 0 {
		f.Errorf("left %+v", left)
	}
	f.wantTrail(trail.id, event.TaskTypePaused, event.TaskTypeResumed)
}

func pauseEndsByItself(f *fixture) {
	trail := pauseTrail{task.NewID()}
	f.pause(trail, soon(50*time.Millisecond))
	f.eventually("the pause has ended", func() bool {
		_, err := f.store.EndPauses(f.ctx, func(p tasktype.Pause) event.Event {
			if p.Type != f.typ {
				f.Errorf("ended %+v, which has time", p)
			}
			return trail.record(event.TaskTypeResumed)(p)
		})
		f.ok(err)
		return len(f.standing()) == 0
	})
	f.wantTrail(trail.id, event.TaskTypePaused, event.TaskTypeResumed)
}

func pauseRefused(f *fixture) {
	_, err := f.store.PauseType(f.ctx, tasktype.Pause{Type: f.typ, Reason: "a\x00b"}, pauseTrail{task.NewID()}.record(event.TaskTypePaused))
	f.refused(err)
	if left := f.standing(); len(left) > 0 {
		f.Errorf("left %+v", left)
	}
}
