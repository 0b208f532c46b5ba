package breaker

// machine is the state machine in memory. lua/breaker.lua is the same, step by
// step; change both.
type machine struct {
	settings Settings
	condition

	// ring holds the outcomes of each second of the window, ok and failed their
	// sums, second the newest second.
	ring       []tally
	second     int64
	ok, failed int

	// good are the probes that succeeded; expiry are the ends of those out, in
	// ms, oldest first.
	good   int
	expiry []int64
}

// newMachine makes one that goes on from a condition.
func newMachine(s Settings, from condition) *machine {
	if from.state == "" {
		from.state = Closed
	}
	return &machine{settings: s, condition: from, ring: make([]tally, s.Window.Milliseconds()/1000)}
}

// do answers an operation at now, in ms since 1970.
func (m *machine) do(op operation, now int64) answer {
	var a answer
	switch op.kind {
	case permit:
		a = m.permit(op.n, now)
	case observe:
		a.moved = op.generation == m.generation && m.observe(op.tally, now)
	case reset:
		m.move(Closed, causeReset, now)
		m.by, a.moved = op.by, true
	case trip:
		if a.moved = m.state == Closed; a.moved {
			m.trip(op.ok+op.failed, op.failed, now)
		}
	case look:
	}
	a.condition = m.condition
	if m.state == Open {
		a.again = max(m.since+m.settings.OpenFor.Milliseconds()-now, 0)
	}
	return a
}

// permit lets up to n calls through.
func (m *machine) permit(n int, now int64) (a answer) {
	if m.state == Closed {
		a.granted = n
		return a
	}
	if m.state == Open {
		if now-m.since < m.settings.OpenFor.Milliseconds() {
			return a
		}
		m.move(HalfOpen, causeHalfOpened, now)
		a.moved = true
	}
	for len(m.expiry) > 0 && m.expiry[0] <= now {
		m.expiry = m.expiry[1:]
	}
	a.granted = max(min(n, m.settings.Probes-m.good-len(m.expiry)), 0)
	for range a.granted {
		m.expiry = append(m.expiry, now+m.settings.ProbeTTL.Milliseconds())
	}
	if a.granted < n && len(m.expiry) > 0 {
		a.again = m.expiry[0] - now
	}
	return a
}

// observe counts outcomes of this generation; moved tells whether it ended.
func (m *machine) observe(t tally, now int64) (moved bool) {
	if m.state == HalfOpen {
		return m.probed(t, now)
	}
	if m.state == Open {
		return false
	}
	m.advance(now)
	slot := &m.ring[m.second%int64(len(m.ring))]
	*slot = slot.plus(t)
	m.ok += t.ok
	m.failed += t.failed
	total := m.ok + m.failed
	if t.failed == 0 || total < m.settings.Minimum || float64(m.failed) < m.settings.FailureRatio*float64(total) {
		return false
	}
	m.trip(total, m.failed, now)
	return true
}

// probed counts outcomes of probes: one failure opens, enough successes close.
func (m *machine) probed(t tally, now int64) (moved bool) {
	m.expiry = m.expiry[min(t.ok+t.failed+t.other, len(m.expiry)):]
	m.good += t.ok
	switch {
	case t.failed > 0:
		m.trip(m.good+t.failed, t.failed, now)
	case m.good >= m.settings.Probes:
		m.move(Closed, causeClosed, now)
	default:
		return false
	}
	return true
}

// advance drops what has left the window. A clock that goes back stands still.
func (m *machine) advance(now int64) {
	second, width := now/1000, int64(len(m.ring))
	if second-m.second >= width {
		clear(m.ring)
		m.ok, m.failed, m.second = 0, 0, second
	}
	for m.second < second {
		m.second++
		slot := &m.ring[m.second%width]
		m.ok -= slot.ok
		m.failed -= slot.failed
		*slot = tally{}
	}
}

func (m *machine) trip(calls, failures int, now int64) {
	m.move(Open, causeOpened, now)
	m.calls, m.failures = calls, failures
}

// move begins a generation.
func (m *machine) move(to State, why cause, now int64) {
	m.condition = condition{state: to, cause: why, since: now, generation: max(now, m.generation+1)}
	clear(m.ring)
	m.second, m.ok, m.failed, m.good, m.expiry = now/1000, 0, 0, 0, nil
}
