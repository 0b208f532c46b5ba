package dispatch

import (
	"slices"
	"testing"

	"github.com/headrace/headrace/core/task"
)

// crowd makes attempts at tasks with these crash counts.
func crowd(crashes ...int) []*attempt {
	var all []*attempt
	for _, n := range crashes {
		all = append(all, &attempt{task: &task.Task{ID: task.NewID(), CrashCount: n}})
	}
	return all
}

func TestInnocentTasksGoTogether(t *testing.T) {
	t.Parallel()
	s := &slot{}
	if first := s.join(crowd(0, 0)); len(first) != 2 {
		t.Errorf("%d of 2 went in", len(first))
	}
	if second := s.join(crowd(0)); len(second) != 1 || s.blocked() {
		t.Errorf("%d of 1 went in, blocked %v", len(second), s.blocked())
	}
}

func TestASuspectRunsAlone(t *testing.T) {
	t.Parallel()
	s := &slot{}
	s.join(crowd(0, 0))
	suspects := crowd(1, 2)
	if in := s.join(suspects); in != nil || !s.blocked() {
		t.Fatalf("%d went in beside others, blocked %v", len(in), s.blocked())
	}
	innocent := crowd(0)
	if in := s.join(innocent); in != nil {
		t.Fatal("an innocent one overtook the suspects")
	}
	if in := s.leave(1); in != nil {
		t.Fatal("a suspect went in beside another attempt")
	}
	for i := range suspects {
		if in := s.leave(1); !slices.Equal(in, suspects[i:i+1]) {
			t.Fatalf("round %d: %d went in, want one suspect", i, len(in))
		}
	}
	if in := s.leave(1); !slices.Equal(in, innocent) || s.blocked() {
		t.Errorf("after the suspects %d went in, blocked %v", len(in), s.blocked())
	}
}

func TestWhoWaitsOutsideCanBeDropped(t *testing.T) {
	t.Parallel()
	s := &slot{}
	s.join(crowd(0))
	s.join(crowd(1, 0, 0))
	dropped := s.drop()
	if len(dropped) != 3 || s.blocked() {
		t.Errorf("dropped %d, blocked %v", len(dropped), s.blocked())
	}
	s.leave(len(dropped) + 1)
	if in := s.join(crowd(1)); len(in) != 1 {
		t.Error("the slot has not counted who left")
	}
}
