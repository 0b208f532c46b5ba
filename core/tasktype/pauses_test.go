package tasktype_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

// pauseStore is a store of pauses; its clock is that of the test.
type pauseStore struct {
	mu     sync.Mutex
	pauses map[string]tasktype.Pause
	events []event.Event
	away   bool
	looks  int
}

var errAway = errors.New("the store is away")

func (s *pauseStore) PauseType(_ context.Context, p tasktype.Pause, record func(tasktype.Pause) event.Event) (tasktype.Pause, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.Since = time.Now()
	s.pauses[p.Type] = p
	s.events = append(s.events, record(p))
	return p, nil
}

func (s *pauseStore) ResumeType(_ context.Context, name string, record func(tasktype.Pause) event.Event) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pauses[name]
	if ok {
		s.events = append(s.events, record(p))
	}
	delete(s.pauses, name)
	return ok, nil
}

func (s *pauseStore) EndPauses(_ context.Context, record func(tasktype.Pause) event.Event) (ended []tasktype.Pause, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, p := range s.pauses {
		if !p.Until.IsZero() && !p.Until.After(time.Now()) {
			ended = append(ended, p)
			s.events = append(s.events, record(p))
			delete(s.pauses, name)
		}
	}
	return ended, nil
}

func (s *pauseStore) Pauses(context.Context) (all []tasktype.Pause, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks++
	if s.away {
		return nil, errAway
	}
	for _, p := range s.pauses {
		all = append(all, p)
	}
	return all, nil
}

func (s *pauseStore) kinds() (kinds []event.Type) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		kinds = append(kinds, e.Type)
	}
	return kinds
}

// engine is what one node makes of the pauses in a store.
type engine struct {
	*tasktype.Pauses
	typ *tasktype.Type

	mu      sync.Mutex
	changes []bool
}

func (e *engine) seen() []bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.changes)
}

func newEngine(t *testing.T, s *pauseStore, change func(*tasktype.PausesConfig)) *engine {
	t.Helper()
	typ, err := tasktype.New(tasktype.Settings{
		Name: "t", Runs: "t", Plugin: "p", Concurrency: 1, Timeout: time.Second, OnFailure: task.DeadLetter,
		Order: tasktype.Weighted, MaxPayload: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	types, err := tasktype.NewRegistry([]*tasktype.Type{typ})
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{typ: typ}
	cfg := tasktype.PausesConfig{Store: s, Types: types, Changed: func(_ string, paused bool) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.changes = append(e.changes, paused)
	}}
	if change != nil {
		change(&cfg)
	}
	if e.Pauses, err = tasktype.NewPauses(cfg); err != nil {
		t.Fatal(err)
	}
	return e
}

// run keeps an engine up until the test's end.
func (e *engine) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	synctest.Wait()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func (e *engine) paused() bool {
	_, paused := e.typ.Paused()
	return paused
}

func newPauseStore() *pauseStore { return &pauseStore{pauses: map[string]tasktype.Pause{}} }

var nobody = tasktype.Actor{Name: "key:1", RequestID: "r"}

func TestPauseHoldsAtOnceHereAndAfterAPollElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newPauseStore()
		here, there := newEngine(t, s, nil), newEngine(t, s, nil)
		defer here.run(t)()
		defer there.run(t)()
		if _, err := here.Pause(t.Context(), tasktype.Pause{Type: "t", Reason: "x"}, nobody); err != nil {
			t.Fatal(err)
		}
		if !here.paused() || there.paused() {
			t.Fatalf("here %v, there %v", here.paused(), there.paused())
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if !there.paused() {
			t.Error("the other node has not found out")
		}
		if err := here.Resume(t.Context(), "t", nobody); err != nil {
			t.Fatal(err)
		}
		there.Look()
		synctest.Wait()
		if here.paused() || there.paused() {
			t.Error("still paused")
		}
		if got := there.seen(); !slices.Equal(got, []bool{true, false}) {
			t.Errorf("the other node heard %v", got)
		}
		if got := s.kinds(); !slices.Equal(got, []event.Type{event.TaskTypePaused, event.TaskTypeResumed}) {
			t.Errorf("events %v", got)
		}
	})
}

func TestPauseSurvivesARestart(t *testing.T) {
	t.Parallel()
	s := newPauseStore()
	s.pauses["t"] = tasktype.Pause{Type: "t", Reason: "x"}
	e := newEngine(t, s, nil)
	if err := e.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p, paused := e.typ.Paused(); !paused || p.Reason != "x" {
		t.Errorf("paused %v: %+v", paused, p)
	}
}

func TestPauseEndsByItselfOnTheLeader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newPauseStore()
		follower := newEngine(t, s, func(c *tasktype.PausesConfig) { c.Leads = func() bool { return false } })
		defer follower.run(t)()
		p := tasktype.Pause{Type: "t", Reason: "x", Until: time.Now().Add(time.Minute)}
		if _, err := follower.Pause(t.Context(), p, nobody); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if !follower.paused() {
			t.Fatal("a follower ended it")
		}
		var told []string
		leader := newEngine(t, s, func(c *tasktype.PausesConfig) {
			c.Tell = func(_ context.Context, name string) { told = append(told, name) }
		})
		defer leader.run(t)()
		time.Sleep(time.Second)
		synctest.Wait()
		if leader.paused() || follower.paused() {
			t.Errorf("leader %v, follower %v", leader.paused(), follower.paused())
		}
		if got := s.kinds(); !slices.Equal(got, []event.Type{event.TaskTypePaused, event.TaskTypeResumed}) {
			t.Errorf("events %v", got)
		}
		if !slices.Equal(told, []string{"t"}) {
			t.Errorf("told %v", told)
		}
	})
}

func TestPauseStandsWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newPauseStore()
		e := newEngine(t, s, nil)
		defer e.run(t)()
		if _, err := e.Pause(t.Context(), tasktype.Pause{Type: "t", Reason: "x"}, nobody); err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		s.away = true
		s.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		if !e.paused() {
			t.Error("the pause was dropped")
		}
	})
}
