package schedule

import (
	"errors"
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the zones, wherever the tests run
)

func mustParse(t *testing.T, expression string) *Cron {
	t.Helper()
	cron, err := Parse(expression)
	if err != nil {
		t.Fatal(err)
	}
	return cron
}

func mustZone(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestParseRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "* * * *", "* * * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8",
		"*/0 * * * *", "5-1 * * * *", "a * * * *", "1,,2 * * * *", "-1 * * * *", "+1 * * * *",
		"0 0 30 2 *", "@fortnightly", "1/ * * * *",
	} {
		var syntax *SyntaxError
		if _, err := Parse(text); !errors.As(err, &syntax) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("0 3 * * mon-fri")
	f.Add("*/5 1,2 29 feb 7")
	f.Fuzz(func(t *testing.T, text string) {
		cron, err := Parse(text)
		if err != nil {
			return
		}
		now := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
		if next, ok := cron.Next(now, time.UTC); !ok || !next.After(now) {
			t.Fatalf("%q: %v %v", text, next, ok)
		}
	})
}

func TestNextAtClockChanges(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		cron, zone, after string
		want              []string
	}{
		"a gap fires once at its end": {
			"*/15 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z",
			[]string{"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"},
		},
		"a doubled time fires first": {
			"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z",
			[]string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
		},
		"hourly follows real time in autumn": {
			"@hourly", "Europe/Berlin", "2026-10-24T23:00:00Z",
			[]string{"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"},
		},
		"hourly follows real time in spring": {
			"30 * * * *", "America/New_York", "2026-03-08T06:00:00Z",
			[]string{"2026-03-08T06:30:00Z", "2026-03-08T07:30:00Z"},
		},
		"half an hour's gap": {
			"15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z",
			[]string{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"},
		},
		"a day that never was": {
			"0 9 30 12 *", "Pacific/Apia", "2011-06-01T00:00:00Z",
			[]string{"2011-12-30T10:00:00Z", "2012-12-29T19:00:00Z"},
		},
		"day or weekday": {
			"0 0 13 * fri", "UTC", "2026-02-05T12:00:00Z",
			[]string{"2026-02-06T00:00:00Z", "2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z"},
		},
		"29 February": {"0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", []string{"2104-02-29T00:00:00Z"}},
		"seconds":     {"*/20 0 0 1 jan ?", "UTC", "2026-01-01T00:00:00Z", []string{"2026-01-01T00:00:20Z"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cron, zone := mustParse(t, tt.cron), mustZone(t, tt.zone)
			at, err := time.Parse(time.RFC3339, tt.after)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tt.want {
				at, _ = cron.Next(at, zone)
				if got := at.UTC().Format(time.RFC3339); got != want {
					t.Fatalf("got %s, want %s", got, want)
				}
			}
		})
	}
}

// decade is ten years that hold the changes of Apia, Caracas, Pyongyang and Casablanca.
func decade() (from, to time.Time) {
	from = time.Date(2008, 1, 1, 0, 0, 0, 0, time.UTC)
	return from, from.AddDate(10, 0, 0)
}

// walk shows every minute of the decade: the instant and what the clock on the wall reads.
func walk(zone *time.Location, visit func(at, reading time.Time)) {
	from, to := decade()
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		_, offset := at.In(zone).Zone()
		visit(at, at.Add(time.Duration(offset)*time.Second))
	}
}

// oracle collects the fires that the documentation promises, minute by minute.
type oracle struct {
	local bool                         // the expression names hours
	match func(reading time.Time) bool // written by hand, for each expression
	high  time.Time                    // the highest reading so far
	fires []time.Time
}

func (o *oracle) visit(at, reading time.Time) {
	if o.high.IsZero() {
		o.high = reading
		return
	}
	fire := !o.local && o.match(reading)
	for o.local && o.high.Before(reading) {
		o.high = o.high.Add(time.Minute)
		fire = o.match(o.high) || fire
	}
	if fire {
		o.fires = append(o.fires, at)
	}
}

func oracles() map[string]*oracle {
	return map[string]*oracle{
		"30 2 * * *":     {local: true, match: func(r time.Time) bool { return r.Hour() == 2 && r.Minute() == 30 }},
		"0 0 * * *":      {local: true, match: func(r time.Time) bool { return r.Hour() == 0 && r.Minute() == 0 }},
		"*/20 1-3 * * 0": {local: true, match: everyThirdOnSunday},
		"45 * * * *":     {match: func(r time.Time) bool { return r.Minute() == 45 }},
		"0 12 30 12 *": {local: true, match: func(r time.Time) bool {
			return r.Minute() == 0 && r.Hour() == 12 && r.Day() == 30 && r.Month() == time.December
		}},
	}
}

func everyThirdOnSunday(r time.Time) bool {
	return r.Minute()%20 == 0 && r.Hour() >= 1 && r.Hour() <= 3 && r.Weekday() == time.Sunday
}

func TestTenYearsInManyZones(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu",
		"America/Sao_Paulo", "Africa/Casablanca", "America/Caracas", "Asia/Pyongyang",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, expected := mustZone(t, name), oracles()
			walk(zone, func(at, reading time.Time) {
				for _, o := range expected {
					o.visit(at, reading)
				}
			})
			for expression, o := range expected {
				if got := firesOf(mustParse(t, expression), zone); !slices.EqualFunc(got, o.fires, time.Time.Equal) {
					t.Errorf("%s: %d fires, want %d", expression, len(got), len(o.fires))
				}
			}
		})
	}
}

func firesOf(cron *Cron, zone *time.Location) []time.Time {
	from, to := decade()
	var fires []time.Time
	for at, ok := cron.Next(from, zone); ok && at.Before(to); at, ok = cron.Next(at, zone) {
		fires = append(fires, at)
	}
	return fires
}
