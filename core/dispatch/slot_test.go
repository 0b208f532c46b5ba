package dispatch

import (
	"slices"
	"testing"
	"time"

	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

// crowd makes attempts at tasks of a type with these crash counts.
func crowd(typ *tasktype.Type, crashes ...int) []*attempt {
	var all []*attempt
	for _, n := range crashes {
		all = append(all, &attempt{typ: typ, task: &task.Task{ID: task.NewID(), CrashCount: n}})
	}
	return all
}

func TestInnocentTasksGoTogether(t *testing.T) {
	t.Parallel()
	s, typ := newSlot(), newType(t, nil)
	if first := s.join(crowd(typ, 0, 0), time.Now()); len(first) != 2 {
		t.Errorf("%d of 2 went in", len(first))
	}
	if second := s.join(crowd(typ, 0), time.Now()); len(second) != 1 || s.blocked() {
		t.Errorf("%d of 1 went in, blocked %v", len(second), s.blocked())
	}
}

func TestTypesDoNotTakeEachOthersPlaces(t *testing.T) {
	t.Parallel()
	s, typ := newSlot(), newType(t, nil) // 4 at a time
	other := newType(t, func(s *tasktype.Settings) { s.Name, s.Concurrency = "other", 2 })
	many := crowd(typ, 0, 0, 0, 0, 0, 0, 0)
	if in := s.join(many, time.Now()); !slices.Equal(in, many[:4]) {
		t.Fatalf("%d went in, want the first 4", len(in))
	}
	if in := s.join(crowd(other, 0, 0, 0), time.Now()); len(in) != 2 || in[0].typ != other {
		t.Fatalf("%d of the other type went in, want 2", len(in))
	}
	if in := s.leave(many[1:3]); !slices.Equal(in, many[4:6]) {
		t.Errorf("%d went in for two that left, want the next 2", len(in))
	}
	if in := s.leave(many[6:]); in != nil { // as when it was cancelled outside
		t.Errorf("%d went in for one that had no place", len(in))
	}
}

func TestASuspectRunsAlone(t *testing.T) {
	t.Parallel()
	s, typ := newSlot(), newType(t, nil)
	before := crowd(typ, 0, 0)
	s.join(before, time.Now())
	suspects := crowd(typ, 1, 2)
	if in := s.join(suspects, time.Now()); in != nil || !s.blocked() {
		t.Fatalf("%d went in beside others, blocked %v", len(in), s.blocked())
	}
	innocent := crowd(typ, 0)
	if in := s.join(innocent, time.Now()); in != nil {
		t.Fatal("an innocent one overtook the suspects")
	}
	if in := s.leave(before[:1]); in != nil {
		t.Fatal("a suspect went in beside another attempt")
	}
	left := before[1:]
	for i := range suspects {
		in := s.leave(left)
		if !slices.Equal(in, suspects[i:i+1]) {
			t.Fatalf("round %d: %d went in, want one suspect", i, len(in))
		}
		left = in
	}
	if in := s.leave(left); !slices.Equal(in, innocent) || s.blocked() {
		t.Errorf("after the suspects %d went in, blocked %v", len(in), s.blocked())
	}
}

func TestWhoWaitsOutsideCanBeDropped(t *testing.T) {
	t.Parallel()
	s, typ := newSlot(), newType(t, nil)
	inside := crowd(typ, 0)
	s.join(inside, time.Now())
	s.join(crowd(typ, 1, 0, 0), time.Now())
	dropped := s.drop()
	if len(dropped) != 3 || s.blocked() {
		t.Errorf("dropped %d, blocked %v", len(dropped), s.blocked())
	}
	s.leave(append(dropped, inside...))
	if in := s.join(crowd(typ, 1), time.Now()); len(in) != 1 {
		t.Error("the slot has not counted who left")
	}
}

func TestWhoWaitsTooLongIsTakenOut(t *testing.T) {
	t.Parallel()
	s, typ := newSlot(), newType(t, nil)
	now := time.Now()
	s.join(crowd(typ, 0, 0, 0, 0), now)
	old, young := crowd(typ, 0, 0), crowd(typ, 0)
	s.join(old, now)
	s.join(young, now.Add(time.Second))
	if over := s.expire(now); over != nil {
		t.Errorf("%d were taken out at once", len(over))
	}
	if over := s.expire(now.Add(time.Second)); !slices.Equal(over, old) {
		t.Errorf("%d were taken out, want the 2 old ones", len(over))
	}
	if over := s.expire(now.Add(time.Hour)); !slices.Equal(over, young) {
		t.Errorf("%d were taken out, want the last one and not those inside", len(over))
	}
}
