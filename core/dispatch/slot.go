package dispatch

import (
	"slices"
	"sync"
	"time"

	"github.com/headrace/headrace/core/tasktype"
)

// slot orders the attempts at one plugin. Each type has its places; who finds
// none waits, as do those that were claimed ahead of a free place. A task whose
// attempt was in a plugin process when that died is a suspect: it runs alone, so
// that a task which kills its process takes no innocent one along, and shows
// itself.
type slot struct {
	mu sync.Mutex
	// inside is the number of attempts that the plugin has.
	inside int
	// alone: the one attempt inside is a suspect.
	alone bool
	// waiting are in the order of their claims, by type.
	waiting  map[*tasktype.Type][]*attempt
	suspects []*attempt
}

func newSlot() *slot { return &slot{waiting: map[*tasktype.Type][]*attempt{}} }

// join adds attempts that were claimed at now, and returns those to hand to the
// plugin.
func (s *slot) join(attempts []*attempt, now time.Time) []*attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range attempts {
		a.claimed = now
		if a.task.CrashCount > 0 {
			s.suspects = append(s.suspects, a)
		} else {
			s.waiting[a.typ] = append(s.waiting[a.typ], a)
		}
	}
	return s.next()
}

// leave notes that attempts are gone, and returns those to hand to the plugin
// now. Who never went in leaves no place.
func (s *slot) leave(attempts []*attempt) []*attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range attempts {
		if a.inside {
			a.inside = false
			a.typ.Give(1)
			s.inside--
		}
	}
	return s.next()
}

// next chooses who goes in. The lock is held.
func (s *slot) next() []*attempt {
	if s.inside == 0 {
		s.alone = false
	}
	switch {
	case s.alone:
		return nil
	case len(s.suspects) > 0 && s.inside > 0:
		return nil
	case len(s.suspects) > 0:
		one := s.suspects[0]
		s.suspects = s.suspects[1:]
		s.alone = true
		return s.enter(nil, one.typ, []*attempt{one})
	}
	var all []*attempt
	for typ, queue := range s.waiting {
		if _, paused := typ.Paused(); paused {
			continue // they are given back
		}
		before := len(all)
		all = s.enter(all, typ, queue)
		s.waiting[typ] = queue[len(all)-before:]
	}
	return all
}

// enter adds to all those attempts of a type that find a place.
func (s *slot) enter(all []*attempt, typ *tasktype.Type, attempts []*attempt) []*attempt {
	going := attempts[:typ.Take(len(attempts))]
	for _, a := range going {
		a.inside = true
	}
	s.inside += len(going)
	return append(all, going...)
}

// blocked tells whether new work would only wait behind suspects.
func (s *slot) blocked() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.alone || len(s.suspects) > 0
}

// expire takes out who was claimed before a time and has not gone in since:
// another node may have a place for it. Suspects stay, they are why others wait.
func (s *slot) expire(before time.Time) []*attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	var over []*attempt
	for typ, queue := range s.waiting {
		n := 0
		for n < len(queue) && queue[n].claimed.Before(before) {
			n++
		}
		over = append(over, queue[:n]...)
		s.waiting[typ] = queue[n:]
	}
	return over
}

// withdraw takes out all attempts at a type that wait, suspects included.
func (s *slot) withdraw(typ *tasktype.Type) []*attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.waiting[typ]
	delete(s.waiting, typ)
	s.suspects = slices.DeleteFunc(s.suspects, func(a *attempt) bool {
		if a.typ == typ {
			all = append(all, a)
		}
		return a.typ == typ
	})
	return all
}

// drop takes out all attempts that wait.
func (s *slot) drop() []*attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.suspects
	for _, queue := range s.waiting {
		all = append(all, queue...)
	}
	clear(s.waiting)
	s.suspects = nil
	return all
}
