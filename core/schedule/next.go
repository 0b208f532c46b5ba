package schedule

import "time"

// A reading is what the clock on the wall shows, written as a time in UTC.

// memory is how far back a clock change can still matter: twice the largest there ever was, a day.
const memory = 48 * time.Hour

// searchYears bounds the search for a matching day: 29 February is at most 8 years away (1896 to 1904).
const searchYears = 9

// everyHour is the hour field that admits all hours.
const everyHour = 1<<24 - 1

// Next returns the first instant after the given one at which the expression fires in the zone. The
// answer is false when there is none within nine years.
func (c *Cron) Next(after time.Time, zone *time.Location) (time.Time, bool) {
	limit := after.AddDate(searchYears, 0, 0)
	p := periodAt(after, zone)
	from := after.Truncate(time.Second).Add(time.Second)
	for {
		if at, ok := c.within(p, from); ok {
			return at.In(zone), true
		}
		if p.end.IsZero() || p.end.After(limit) {
			return time.Time{}, false
		}
		p = periodAt(p.end, zone)
		from = p.start
	}
}

// within returns the first fire of a period that is not before from.
func (c *Cron) within(p period, from time.Time) (time.Time, bool) {
	reading := p.reading(from)
	if c.hour.bits != everyHour {
		if c.inGap(p) && !p.start.Before(from) {
			return p.start, true
		}
		if reading.Before(p.seen) {
			reading = p.seen
		}
	}
	match, ok := c.nextReading(reading)
	at := match.Add(-p.offset)
	if !ok || (!p.end.IsZero() && !at.Before(p.end)) {
		return time.Time{}, false
	}
	return at, true
}

// inGap tells whether a matching reading was left out when the period began.
func (c *Cron) inGap(p period) bool {
	first := p.reading(p.start)
	if p.start.IsZero() || !p.seen.Before(first) {
		return false
	}
	match, ok := c.nextReading(p.seen)
	return ok && match.Before(first)
}

// period is a stretch of time without a clock change.
type period struct {
	start, end time.Time // end excluded; zero: without bound
	offset     time.Duration
	seen       time.Time // all readings before it were shown, or left out, before the period began
}

func (p period) reading(at time.Time) time.Time { return at.UTC().Add(p.offset) }

// periodAt returns the period of an instant. What was seen is the highest reading of all that ended
// shortly before: two changes may follow each other closely.
func periodAt(at time.Time, zone *time.Location) period {
	p := bounds(at, zone)
	earlier := p
	for !earlier.start.IsZero() && p.start.Sub(earlier.start) < memory {
		end := earlier.start
		earlier = bounds(end.Add(-time.Second), zone)
		if shown := earlier.reading(end); shown.After(p.seen) {
			p.seen = shown
		}
	}
	return p
}

func bounds(at time.Time, zone *time.Location) period {
	local := at.In(zone)
	start, end := local.ZoneBounds()
	_, seconds := local.Zone()
	return period{start: start, end: end, offset: time.Duration(seconds) * time.Second}
}

// nextReading returns the first matching reading that is not before t.
func (c *Cron) nextReading(t time.Time) (time.Time, bool) {
	limit := t.AddDate(searchYears, 0, 0)
	for t.Before(limit) {
		switch {
		case !c.month.has(int(t.Month())):
			t = time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		case !c.matchesDay(t):
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
		case !c.hour.has(t.Hour()):
			t = t.Truncate(time.Hour).Add(time.Hour)
		case !c.minute.has(t.Minute()):
			t = t.Truncate(time.Minute).Add(time.Minute)
		case !c.second.has(t.Second()):
			t = t.Add(time.Second)
		default:
			return t, true
		}
	}
	return time.Time{}, false
}

func (c *Cron) matchesDay(t time.Time) bool {
	day, weekday := c.day.has(t.Day()), c.weekday.has(int(t.Weekday()))
	if c.day.any || c.weekday.any {
		return day && weekday
	}
	return day || weekday
}
