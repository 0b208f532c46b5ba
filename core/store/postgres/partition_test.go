package postgres

import (
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// partitionsOf lists the partitions of a table.
func partitionsOf(t *testing.T, s *Store, table string) []string {
	t.Helper()
	names, err := collect(t.Context(), s.control, pgx.RowTo[string],
		"SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::text::regclass ORDER BY 1", table)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestPartitionsAreMadeAhead(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for _, table := range []string{historyTable, eventsTable} {
		today := partitionName(table, dayOf(time.Now()))
		if names := partitionsOf(t, s, table); !slices.Contains(names, today) {
			t.Errorf("%s has no partition for today: %v", table, names)
		}
	}
	if err := s.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{historyTable, eventsTable} {
		names := partitionsOf(t, s, table)
		for i := range daysAhead {
			if want := partitionName(table, dayOf(time.Now())+day(i)); !slices.Contains(names, want) {
				t.Errorf("%s is not among %v", want, names)
			}
		}
	}
}

func TestAPartitionHoldsOneDay(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	d := dayOf(time.Date(2031, 3, 1, 12, 0, 0, 0, time.UTC))
	var events []event.Event
	for _, at := range []time.Time{d.start(), (d + 1).start().Add(-time.Millisecond), (d + 1).start()} {
		e := event.New(event.SystemStarted, "x", map[string]string{})
		first := firstID(at)
		copy(e.ID[:6], first[:6])
		e.Timestamp = event.TimeOf(e.ID)
		events = append(events, e)
	}
	if err := s.Record(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"audit_events_20310301": 2, "audit_events_20310302": 1} {
		var got int
		if err := s.control.QueryRow(t.Context(), "SELECT count(*) FROM "+name).Scan(&got); err != nil || got != want {
			t.Errorf("%s has %d events, want %d; %v", name, got, want, err)
		}
	}
}

func TestManyNodesMakeAPartitionOnce(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	stores := []*Store{openStore(t, url), openStore(t, url)}
	days := []day{dayOf(time.Now()) + 100, dayOf(time.Now()) + 101}
	var wait sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wait.Go(func() { errs[i] = stores[i%2].makePartitions(t.Context(), days) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func TestMetadataThatIsNoTextIsRefused(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for _, metadata := range []string{`{"a": "\u0000"}`, `{"a": "\ud800"}`} {
		_, err := s.Insert(t.Context(), []task.Submission{submission(func(t *task.Task) { t.Metadata = json.RawMessage(metadata) })})
		if _, refused := errors.AsType[*task.RefusedError](err); !refused {
			t.Errorf("%s: got %v, want a *task.RefusedError", metadata, err)
		}
	}
	insert(t, s, submission(func(t *task.Task) { t.Metadata = json.RawMessage(`{"a": "\u00e9 \\u0000"}`) }))
	if _, err := s.List(t.Context(), task.Filter{Limit: 10, Metadata: map[string]string{"a": "x"}}); err != nil {
		t.Errorf("a list by metadata: %v", err)
	}
}

func TestEventsKnowTheirTransaction(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	insert(t, s, submissions(3)...)
	insert(t, s, submissions(2)...)
	counts, err := collect(t.Context(), s.control, pgx.RowTo[int], "SELECT count(*) FROM audit_events GROUP BY xid ORDER BY xid")
	if err != nil || !slices.Equal(counts, []int{3, 2}) {
		t.Errorf("events by transaction: %v, %v", counts, err)
	}
}

func TestFirstIDIsTheSmallestOfItsMillisecond(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1_700_000_000_123)
	for name, test := range map[string]struct {
		at   time.Time
		want time.Time
	}{
		"a whole millisecond": {at, at},
		"a fraction goes up":  {at.Add(time.Nanosecond), at.Add(time.Millisecond)},
		"before 1970 is zero": {time.UnixMilli(-5), time.UnixMilli(0)},
	} {
		got := firstID(test.at)
		if !event.TimeOf(got).Equal(test.want) || [10]byte(got[6:]) != [10]byte(uuid.Nil[6:]) {
			t.Errorf("%s: %s is of %s", name, got, event.TimeOf(got))
		}
	}
}
