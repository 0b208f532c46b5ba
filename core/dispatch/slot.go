package dispatch

import "sync"

// slot orders the attempts at one plugin. A task whose attempt was in a plugin
// process when that died is a suspect: it runs alone, so that a task which
// kills its process takes no innocent one along, and shows itself.
type slot struct {
	mu sync.Mutex
	// inside is the number of attempts that the plugin has.
	inside int
	// alone: the one attempt inside is a suspect.
	alone             bool
	waiting, suspects []*attempt
}

// join adds claimed attempts, and returns those to hand to the plugin now.
func (s *slot) join(attempts []*attempt) []*attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range attempts {
		if a.task.CrashCount > 0 {
			s.suspects = append(s.suspects, a)
		} else {
			s.waiting = append(s.waiting, a)
		}
	}
	return s.next()
}

// leave notes that n attempts have left the plugin, and returns those to hand
// to it now.
func (s *slot) leave(n int) []*attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inside -= n
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
		one := s.suspects[:1:1]
		s.suspects = s.suspects[1:]
		s.inside, s.alone = 1, true
		return one
	}
	all := s.waiting
	s.waiting = nil
	s.inside += len(all)
	return all
}

// blocked tells whether new work would only wait behind suspects.
func (s *slot) blocked() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.alone || len(s.suspects) > 0
}

// drop takes out all attempts that wait outside the plugin; they leave like
// those that were inside.
func (s *slot) drop() []*attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := append(s.waiting, s.suspects...)
	s.waiting, s.suspects = nil, nil
	s.inside += len(all)
	return all
}
