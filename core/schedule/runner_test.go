package schedule

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// keeping is a Store in memory, and the Offers. Its rules are those that storetest
// holds the real stores to.
type keeping struct {
	mu     sync.Mutex
	states map[string]State
	living map[uuid.UUID]bool
	tasks  []task.Submission
	events []event.Event
	hints  int
	away   bool
}

func newKeeping() *keeping {
	return &keeping{states: map[string]State{}, living: map[uuid.UUID]bool{}}
}

var errAway = errors.New("the store is away")

func (m *keeping) Schedules(context.Context) ([]State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return nil, errAway
	}
	var list []State
	for _, st := range m.states {
		list = append(list, st)
	}
	return list, nil
}

func (m *keeping) AdoptSchedule(_ context.Context, s State, adopted event.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.states[s.Name]
	if before.Hash == s.Hash {
		return nil
	}
	before.Name, before.Hash, before.Position = s.Name, s.Hash, later(before.Position, s.Position)
	m.states[s.Name] = before
	m.events = append(m.events, adopted)
	return nil
}

// change runs do on a state under the lock.
func (m *keeping) change(name string, do func(st *State) *event.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	st, found := m.states[name]
	if !found {
		do(nil)
		return
	}
	if ev := do(&st); ev != nil {
		m.events = append(m.events, *ev)
	}
	m.states[name] = st
}

func (m *keeping) FireSchedule(_ context.Context, f Fire) (outcome Outcome, err error) {
	m.change(f.Name, func(st *State) *event.Event {
		if outcome = f.Judge(st); outcome != Fired {
			return nil
		}
		if f.NoOverlap && m.living[st.LastTask] {
			outcome = Overlapped
			f.Pass(st)
			ev := f.Skipped(st.LastTask)
			return &ev
		}
		f.Done(st)
		m.tasks, m.living[f.Task.Task.ID] = append(m.tasks, f.Task), true
		return &f.Task.Event
	})
	return outcome, nil
}

func (m *keeping) PassSchedule(_ context.Context, name, hash string, to time.Time, missed event.Event) (outcome Outcome, err error) {
	f := Fire{Name: name, Hash: hash, At: to}
	m.change(name, func(st *State) *event.Event {
		if outcome = f.Judge(st); outcome != Fired {
			return nil
		}
		f.Pass(st)
		return &missed
	})
	return outcome, nil
}

func (m *keeping) PauseSchedule(_ context.Context, name, by string, at time.Time, paused event.Event) (found bool, err error) {
	m.change(name, func(st *State) *event.Event {
		if found = st != nil; !found || st.Paused() {
			return nil
		}
		st.PausedAt, st.PausedBy = at, by
		return &paused
	})
	return found, nil
}

func (m *keeping) ResumeSchedule(_ context.Context, name string, at time.Time, resumed event.Event) (found bool, err error) {
	m.change(name, func(st *State) *event.Event {
		if found = st != nil; !found || !st.Paused() {
			return nil
		}
		st.Resume(at)
		return &resumed
	})
	return found, nil
}

func (m *keeping) Offer(hints []task.Hint) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hints += len(hints)
}

func (m *keeping) setAway(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

// made is how many tasks there are.
func (m *keeping) made() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.tasks)
}

// count is how many events of a type there are.
func (m *keeping) count(kind event.Type) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.events {
		if m.events[i].Type == kind {
			n++
		}
	}
	return n
}

func prepare(s Settings, by string) (task.Task, error) {
	id := task.NewID()
	return task.Task{ID: id, Type: s.TaskType, Created: time.Now(), CreatedBy: by}, nil
}

func minutely(change func(*Settings)) Settings {
	s := Settings{Name: "s", Cron: "* * * * *", TimeZone: "UTC", TaskType: "demo.echo", Misfire: MisfireOnce}
	if change != nil {
		change(&s)
	}
	return s
}

// start runs a Runner; stop ends it and waits.
func start(t *testing.T, m *keeping, s Settings) (*Runner, func()) {
	t.Helper()
	r, err := New(Config{
		Schedules: []Settings{s}, Store: m, Offers: m, Prepare: prepare, Leads: func() bool { return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := r.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	return r, func() {
		cancel()
		<-ended
	}
}

// wantMade lets some time pass and counts the tasks.
func wantMade(t *testing.T, m *keeping, after time.Duration, want int) {
	t.Helper()
	<-time.After(after)
	synctest.Wait()
	if got := m.made(); got != want {
		t.Fatalf("%v later there are %d tasks, want %d", after, got, want)
	}
}

func TestTwoRunnersMakeOneTaskOfEachFireTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newKeeping()
		_, stop := start(t, m, minutely(nil))
		_, stopOther := start(t, m, minutely(nil))
		wantMade(t, m, time.Hour+30*time.Second, 60)
		stop()
		stopOther()
		if m.hints != 60 {
			t.Errorf("%d hints", m.hints)
		}
		if n := m.count(event.TaskScheduleAdopted); n != 1 {
			t.Errorf("adopted %d times", n)
		}
	})
}

func TestATaskComesAtItsSecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newKeeping()
		_, stop := start(t, m, minutely(nil))
		<-time.After(10*time.Minute + 500*time.Millisecond)
		stop()
		for _, sub := range m.tasks {
			if s := sub.Task.Created.Second(); s != 0 {
				t.Errorf("made at %v", sub.Task.Created)
			}
		}
	})
}

func TestMisfirePolicies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy       Misfire
		cron         string
		down         time.Duration
		want, missed int
	}{
		"skip makes none":                        {MisfireSkip, "0 * * * *", 3*time.Hour + 30*time.Minute, 0, 1},
		"once makes one":                         {MisfireOnce, "0 * * * *", 3*time.Hour + 30*time.Minute, 1, 1},
		"once makes none beside one in time":     {MisfireOnce, "* * * * *", 3*time.Hour + 5*time.Second, 1, 1},
		"all makes each":                         {MisfireAll, "0 * * * *", 3*time.Hour + 30*time.Minute, 3, 0},
		"all is bounded":                         {MisfireAll, "*/5 * * * * *", 240*time.Hour + 59*time.Minute, 106, 1},
		"a short pause of the leader is no miss": {MisfireSkip, "*/5 * * * * *", 20*time.Second + 500*time.Millisecond, 4, 0},
		"years without a leader":                 {MisfireAll, "0 0 1 1 *", 5 * 8790 * time.Hour, 5, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m, s := newKeeping(), minutely(func(s *Settings) { s.Misfire, s.Cron = c.policy, c.cron })
				_, stop := start(t, m, s)
				wantMade(t, m, time.Millisecond, 0)
				stop()
				<-time.After(c.down - time.Millisecond)
				_, stop = start(t, m, s)
				wantMade(t, m, time.Millisecond, c.want)
				stop()
				if n := m.count(event.TaskScheduleMissed); n != c.missed {
					t.Errorf("%d events of missed times, want %d", n, c.missed)
				}
			})
		})
	}
}

func TestAChangedScheduleStartsFromNow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newKeeping()
		_, stop := start(t, m, minutely(nil))
		wantMade(t, m, 90*time.Second, 1)
		stop()
		<-time.After(time.Hour)
		_, stop = start(t, m, minutely(func(s *Settings) { s.Cron, s.Misfire = "*/2 * * * *", MisfireAll }))
		wantMade(t, m, time.Second, 1)
		wantMade(t, m, 2*time.Minute, 2)
		stop()
		if n := m.count(event.TaskScheduleAdopted); n != 2 {
			t.Errorf("adopted %d times", n)
		}
	})
}

func TestOverlapSkips(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newKeeping()
		_, stop := start(t, m, minutely(func(s *Settings) { s.NoOverlap = true }))
		wantMade(t, m, 150*time.Second, 1)
		m.mu.Lock()
		clear(m.living)
		m.mu.Unlock()
		wantMade(t, m, time.Minute, 2)
		stop()
		if n := m.count(event.TaskScheduleSkipped); n != 1 {
			t.Errorf("%d skips", n)
		}
	})
}

func TestPauseResumeAndRunNow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, by := newKeeping(), Actor{Name: "key:op"}
		r, stop := start(t, m, minutely(func(s *Settings) { s.Misfire = MisfireAll }))
		defer stop()
		wantMade(t, m, 90*time.Second, 1)
		status, err := r.Pause(t.Context(), "s", by)
		if err != nil || !status.Paused() || status.PausedBy != "key:op" || len(status.Next) != 0 {
			t.Fatalf("paused: %+v, %v", status, err)
		}
		wantMade(t, m, time.Hour, 1)
		made, err := r.RunNow(t.Context(), "s", by)
		if err != nil || made.CreatedBy != "key:op" {
			t.Fatalf("run now: %+v, %v", made, err)
		}
		if status, err = r.Resume(t.Context(), "s", by); err != nil || status.Paused() || len(status.Next) != upcoming {
			t.Fatalf("resumed: %+v, %v", status, err)
		}
		wantMade(t, m, time.Minute, 3)
		for _, do := range []func() error{
			func() error { _, err := r.RunNow(t.Context(), "x", by); return err },
			func() error { _, err := r.Pause(t.Context(), "x", by); return err },
			func() error { _, err := r.Resume(t.Context(), "x", by); return err },
		} {
			if err := do(); !errors.Is(err, ErrUnknown) {
				t.Errorf("unknown schedule: %v", err)
			}
		}
	})
}

func TestANewScheduleCanBePausedBeforeALeaderSawIt(t *testing.T) {
	t.Parallel()
	m := newKeeping()
	r, err := New(Config{Schedules: []Settings{minutely(nil)}, Store: m, Offers: m, Prepare: prepare, Leads: func() bool { return false }})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := r.Pause(t.Context(), "s", Actor{Name: "key:op"}); err != nil || !s.Paused() {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestOnlyTheLeaderFires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newKeeping()
		r, stop := start(t, m, minutely(nil))
		stop()
		m.states = map[string]State{}
		r.cfg.Leads = func() bool { return false }
		<-time.After(time.Hour)
		if err := r.turn(t.Context()); err != nil || len(m.states) != 0 {
			t.Errorf("%v, %+v", err, m.states)
		}
	})
}

func TestAStoreThatWasAwayLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newKeeping()
		_, stop := start(t, m, minutely(func(s *Settings) { s.Misfire = MisfireAll }))
		defer stop()
		wantMade(t, m, 30*time.Second, 0)
		m.setAway(true)
		wantMade(t, m, 10*time.Minute, 0)
		m.setAway(false)
		wantMade(t, m, 2*time.Second, 10)
		if !slices.IsSortedFunc(m.tasks, func(a, b task.Submission) int { return a.Task.Created.Compare(b.Task.Created) }) {
			t.Errorf("out of order")
		}
	})
}

func TestWhatCannotRunIsToldAtTheStart(t *testing.T) {
	t.Parallel()
	m, refused := newKeeping(), errors.New("no such type")
	for name, cfg := range map[string]Config{
		"cron": {Schedules: []Settings{minutely(func(s *Settings) { s.Cron = "x" })}, Prepare: prepare},
		"zone": {Schedules: []Settings{minutely(func(s *Settings) { s.TimeZone = "Mars/Olympus" })}, Prepare: prepare},
		"task": {Schedules: []Settings{minutely(nil)}, Prepare: func(Settings, string) (task.Task, error) { return task.Task{}, refused }},
	} {
		cfg.Store, cfg.Offers, cfg.Leads = m, m, func() bool { return true }
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
