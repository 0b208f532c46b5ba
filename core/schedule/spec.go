package schedule

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/headrace/headrace/core/task"
)

// Misfire says what becomes of fire times that nobody was there for.
type Misfire string

// The misfire policies.
const (
	// MisfireSkip: they make no task.
	MisfireSkip Misfire = "skip"
	// MisfireOnce: they make one task together, of the latest fire time; none when
	// a fire time is due in time just then.
	MisfireOnce Misfire = "once"
	// MisfireAll: each makes its task, but never more than the latest 100.
	MisfireAll Misfire = "all"
)

// Settings are a schedule as the configuration says it.
type Settings struct {
	Name string
	// Cron is the expression, TimeZone the zone's name in the tz database.
	Cron, TimeZone string
	// TaskType, Payload and Priority are those of the tasks.
	TaskType string
	Payload  json.RawMessage
	Priority task.Priority
	Misfire  Misfire
	// NoOverlap: no task while the previous one lives.
	NoOverlap bool
}

// entry is a schedule in force.
type entry struct {
	Settings
	cron *Cron
	zone *time.Location
	hash string
}

func newEntry(s Settings) (entry, error) {
	cron, err := Parse(s.Cron)
	if err != nil {
		return entry{}, fmt.Errorf("schedule %s: %w", s.Name, err)
	}
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return entry{}, fmt.Errorf("schedule %s: %w", s.Name, err)
	}
	sum := sha256.Sum256([]byte(s.Cron + "\n" + s.TimeZone))
	return entry{Settings: s, cron: cron, zone: zone, hash: hex.EncodeToString(sum[:])}, nil
}

// next lists up to n fire times after a time.
func (e *entry) next(after time.Time, n int) []time.Time {
	var times []time.Time
	for range n {
		at, ok := e.cron.Next(after, e.zone)
		if !ok {
			break
		}
		times = append(times, at)
		after = at
	}
	return times
}

const (
	// lateAfter is how late a fire time may be before it counts as missed: longer
	// than a change of the leader's mind or a slow answer of the store, shorter
	// than the minute that most expressions go by.
	lateAfter = 30 * time.Second
	// catchUp is the most missed fire times that MisfireAll makes tasks of.
	catchUp = 100
)

// plan is what a schedule does now.
type plan struct {
	// passed is the latest fire time that makes no task; zero: none.
	passed time.Time
	// fires are the fire times that make a task each, in order.
	fires []time.Time
}

// plan applies the misfire policy to the fire times in (position, now].
func (e *entry) plan(position, now time.Time) plan {
	limit := now.Add(-lateAfter)
	inTime := e.latest(later(position, limit), now, int(lateAfter/time.Second))
	missed := e.latest(position, limit, catchUp+1)
	if len(missed) == 0 {
		return plan{fires: inTime}
	}
	keep := e.kept(len(missed), len(inTime))
	p := plan{fires: append(missed[len(missed)-keep:len(missed):len(missed)], inTime...)}
	if keep < len(missed) {
		p.passed = missed[len(missed)-keep-1]
	}
	return p
}

// kept is how many of the missed fire times make a task.
func (e *entry) kept(missed, inTime int) int {
	switch e.Misfire {
	case MisfireAll:
		return min(missed, catchUp)
	case MisfireOnce:
		if inTime == 0 {
			return 1
		}
	case MisfireSkip:
	}
	return 0
}

// latest lists the last n fire times in (from, to]. It looks at ever longer
// spans before to, so that a year without a leader costs no walk over a year.
func (e *entry) latest(from, to time.Time, n int) []time.Time {
	for span := time.Minute; ; span *= 4 {
		begin, whole := to.Add(-span), false
		if !begin.After(from) {
			begin, whole = from, true
		}
		found := e.tail(begin, to, n)
		if whole || len(found) == n {
			return found
		}
	}
}

// tail walks all of (from, to] and keeps the last n.
func (e *entry) tail(from, to time.Time, n int) []time.Time {
	var last []time.Time
	for at, ok := e.cron.Next(from, e.zone); ok && !at.After(to); at, ok = e.cron.Next(at, e.zone) {
		if last = append(last, at); len(last) >= 2*n {
			last = append(last[:0], last[len(last)-n:]...)
		}
	}
	return last[max(0, len(last)-n):]
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
