package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/schedule"
	"github.com/headrace/headrace/core/task"
)

func exerciseSchedules(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"a schedule is adopted once for each hash":                scheduleAdopted,
		"many leaders at once make one task of a fire time":       scheduleFiresOnce,
		"a fire that the store refuses leaves the position alone": scheduleRefused,
		"an earlier fire time never fires after a later one":      scheduleForward,
		"a living task keeps the next from beginning":             scheduleOverlap,
		"a paused schedule makes tasks by hand only":              schedulePaused,
		"a passed time makes no task":                             schedulePassed,
		"what is unknown or changed does not fire":                scheduleStale,
	})
}

// scheduled is a schedule called like the type of the fixture.
type scheduled struct {
	*fixture
	trail uuid.UUID
	start time.Time
}

func newScheduled(f *fixture) *scheduled {
	f.Helper()
	s := &scheduled{fixture: f, trail: task.NewID(), start: time.Now().UTC().Truncate(time.Second)}
	s.adopt("h", s.start)
	return s
}

// note makes an event that is found by the trail.
func (s *scheduled) note(kind event.Type) event.Event {
	return event.New(kind, "a schedule", map[string]string{"taskId": s.trail.String()})
}

func (s *scheduled) adopt(hash string, from time.Time) {
	s.Helper()
	s.ok(s.store.AdoptSchedule(s.ctx, schedule.State{Name: s.typ, Hash: hash, Position: from}, s.note(event.TaskScheduleAdopted)))
}

func (s *scheduled) state() schedule.State {
	s.Helper()
	all, err := s.store.Schedules(s.ctx)
	s.ok(err)
	i := slices.IndexFunc(all, func(st schedule.State) bool { return st.Name == s.typ })
	if i < 0 {
		s.Fatalf("there is no schedule %s", s.typ)
	}
	return all[i]
}

// at is a fire that many seconds after the start.
func (s *scheduled) at(seconds int) schedule.Fire {
	return schedule.Fire{
		Name: s.typ, Hash: "h", At: s.start.Add(time.Duration(seconds) * time.Second), Task: s.submission(),
		Skipped: func(uuid.UUID) event.Event { return s.note(event.TaskScheduleSkipped) },
	}
}

func (s *scheduled) fire(f schedule.Fire, want schedule.Outcome) {
	s.Helper()
	got, err := s.store.FireSchedule(s.ctx, f)
	s.ok(err)
	if got != want {
		s.Fatalf("outcome %d, want %d", got, want)
	}
	_, stored, err := s.store.Get(s.ctx, f.Task.Task.ID)
	s.ok(err)
	if stored != (want == schedule.Fired) {
		s.Fatalf("outcome %d, and the task is stored: %v", got, stored)
	}
}

func scheduleAdopted(f *fixture) {
	s := newScheduled(f)
	s.adopt("h", s.start.Add(time.Hour))
	s.same("the state", s.state(), schedule.State{Name: s.typ, Hash: "h", Position: s.start})
	s.adopt("other", s.start.Add(-time.Hour)) // of a clock that is behind
	s.same("the state", s.state(), schedule.State{Name: s.typ, Hash: "other", Position: s.start})
	s.adopt("third", s.start.Add(time.Hour))
	s.same("the state", s.state(), schedule.State{Name: s.typ, Hash: "third", Position: s.start.Add(time.Hour)})
	s.wantTrail(s.trail, event.TaskScheduleAdopted, event.TaskScheduleAdopted, event.TaskScheduleAdopted)
}

func scheduleFiresOnce(f *fixture) {
	const leaders, times = 4, 5
	s := newScheduled(f)
	var mu sync.Mutex
	fired := map[time.Time][]uuid.UUID{}
	var group sync.WaitGroup
	for range leaders {
		group.Go(func() {
			for n := range times {
				fire := s.at(n + 1)
				outcome, err := s.store.FireSchedule(s.ctx, fire)
				if err != nil || (outcome != schedule.Fired && outcome != schedule.Already) {
					s.Errorf("outcome %d, %v", outcome, err)
				}
				mu.Lock()
				if outcome == schedule.Fired {
					fired[fire.At] = append(fired[fire.At], fire.Task.Task.ID)
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	for at, ids := range fired {
		if len(ids) != 1 {
			s.Errorf("%d tasks of %v", len(ids), at)
		}
	}
	page, err := s.store.List(s.ctx, task.Filter{Type: s.typ, Limit: 100})
	s.ok(err)
	last := s.start.Add(times * time.Second)
	if st := s.state(); len(page.Tasks) != len(fired) || len(fired) == 0 || !st.Position.Equal(last) ||
		fired[last] == nil || st.LastTask != fired[last][0] {
		s.Errorf("%d tasks of %d fire times, %+v", len(page.Tasks), len(fired), st)
	}
	for _, t := range page.Tasks {
		s.wantTrail(t.ID, event.TaskCreated)
	}
}

func scheduleRefused(f *fixture) {
	s := newScheduled(f)
	bad := s.at(1)
	bad.Task.Task.Description = "a\x00b"
	_, err := s.store.FireSchedule(s.ctx, bad)
	s.refused(err)
	s.same("the state", s.state(), schedule.State{Name: s.typ, Hash: "h", Position: s.start})
	s.fire(s.at(1), schedule.Fired)
}

func scheduleForward(f *fixture) {
	s := newScheduled(f)
	second := s.at(2)
	s.fire(second, schedule.Fired)
	s.fire(s.at(1), schedule.Already)
	s.fire(s.at(2), schedule.Already)
	s.same("the state", s.state(), schedule.State{
		Name: s.typ, Hash: "h", Position: second.At, LastFire: second.At, LastTask: second.Task.Task.ID,
	})
}

func scheduleOverlap(f *fixture) {
	s := newScheduled(f)
	first := s.at(1)
	first.NoOverlap = true
	s.fire(first, schedule.Fired)
	second := s.at(2)
	second.NoOverlap = true
	s.fire(second, schedule.Overlapped)
	if st := s.state(); !st.Position.Equal(second.At) || !st.LastFire.Equal(first.At) || st.LastTask != first.Task.Task.ID {
		s.Errorf("after the skip %+v", st)
	}
	s.wantTrail(s.trail, event.TaskScheduleAdopted, event.TaskScheduleSkipped)
	s.fire(s.at(3), schedule.Fired) // without NoOverlap
	_, outcome, err := s.tryCancel(s.state().LastTask)
	s.ok(err)
	if outcome != task.CancelDone {
		s.Fatalf("cancel: %v", outcome)
	}
	fourth := s.at(4)
	fourth.NoOverlap = true
	s.fire(fourth, schedule.Fired)
}

func schedulePaused(f *fixture) {
	s := newScheduled(f)
	at := s.start.Add(time.Second)
	for range 2 {
		found, err := s.store.PauseSchedule(s.ctx, s.typ, "key:test", at, s.note(event.TaskSchedulePaused))
		s.ok(err)
		if !found {
			s.Errorf("not found")
		}
	}
	s.same("the state", s.state(), schedule.State{Name: s.typ, Hash: "h", Position: s.start, PausedAt: at, PausedBy: "key:test"})
	s.fire(s.at(1), schedule.Held)
	byHand := s.at(0)
	byHand.At = time.Time{}
	s.fire(byHand, schedule.Fired)
	for range 2 {
		_, err := s.store.ResumeSchedule(s.ctx, s.typ, s.start.Add(5*time.Second), s.note(event.TaskScheduleResumed))
		s.ok(err)
	}
	s.fire(s.at(4), schedule.Already)
	s.fire(s.at(6), schedule.Fired)
	s.wantTrail(s.trail, event.TaskScheduleAdopted, event.TaskSchedulePaused, event.TaskScheduleResumed)
}

func schedulePassed(f *fixture) {
	s := newScheduled(f)
	to := s.start.Add(5 * time.Second)
	for _, want := range []schedule.Outcome{schedule.Fired, schedule.Already} {
		got, err := s.store.PassSchedule(s.ctx, s.typ, "h", to, s.note(event.TaskScheduleMissed))
		s.ok(err)
		if got != want {
			s.Errorf("outcome %d, want %d", got, want)
		}
	}
	s.same("the state", s.state(), schedule.State{Name: s.typ, Hash: "h", Position: to})
	s.wantTrail(s.trail, event.TaskScheduleAdopted, event.TaskScheduleMissed)
}

func scheduleStale(f *fixture) {
	s := newScheduled(f)
	other := s.at(1)
	other.Hash = "other"
	s.fire(other, schedule.Stale)
	unknown := s.at(1)
	unknown.Name = uniqueName("schedule")
	s.fire(unknown, schedule.Stale)
	found, err := s.store.PauseSchedule(s.ctx, unknown.Name, "x", s.start, s.note(event.TaskSchedulePaused))
	s.ok(err)
	if found {
		s.Errorf("an unknown schedule was paused")
	}
}
