package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/task"
)

func TestDueHoldsAllOfOneRunAt(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	at := time.Now().Truncate(time.Millisecond)
	tied := func(t *task.Task) { t.RunAt = at }
	insert(t, s, submission(tied), submission(tied), submission(tied), submission(func(t *task.Task) { t.RunAt = at.Add(time.Second) }))
	s.now = func() time.Time { return at.Add(time.Minute) }
	hints, now, err := s.Due(t.Context(), time.Time{}, 2)
	if err != nil || len(hints) != 3 || !now.Equal(at) {
		t.Fatalf("first: %d hints up to %v, %v", len(hints), now, err)
	}
	hints, now, err = s.Due(t.Context(), now, 2)
	if err != nil || len(hints) != 1 || !now.Equal(s.now().Truncate(time.Microsecond)) {
		t.Fatalf("rest: %d hints up to %v, %v", len(hints), now, err)
	}
}

func TestListComparesMetadataAsText(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	sub := insert(t, s, submission(func(t *task.Task) {
		t.Metadata = []byte(`{"s": "a\"é", "n": 9007199254740993, "f": 1.0, "b": true, "z": null, "o": {"a":1}, "q\"k": "x"}`)
	}), submission(nil), submission(func(t *task.Task) { t.Metadata = []byte(`["s"]`) }))[0]
	for _, tc := range []struct {
		key, text string
		found     bool
	}{
		{"s", `a"é`, true},
		{"n", "9007199254740993", true},
		{"n", "9007199254740992", false},
		{"f", "1.0", true},
		{"b", "true", true},
		{"z", "null", false},
		{"z", "", false},
		{"o", `{"a":1}`, true},
		{`q"k`, "x", true},
		{"absent", "", false},
	} {
		page, err := s.List(t.Context(), task.Filter{Metadata: map[string]string{tc.key: tc.text}, Limit: 10})
		mustDo(t, err)
		if found := len(page.Tasks) == 1 && page.Tasks[0].ID == sub.Task.ID; found != tc.found || len(page.Tasks) > 1 {
			t.Errorf("%s=%s found %d", tc.key, tc.text, len(page.Tasks))
		}
	}
}

// many inserts n tasks, one at each of n moments, the oldest first.
func many(t *testing.T, s *Store, n int, change func(int, *task.Task)) []task.Submission {
	t.Helper()
	subs := make([]task.Submission, n)
	for i := range subs {
		subs[i] = submission(func(t *task.Task) { change(i, t) })
	}
	return insert(t, s, subs...)
}

func TestListStopsInTimeAndSaysWhereToGoOn(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	subs := many(t, s, 3*scanChunk, func(i int, t *task.Task) {
		if i == 0 {
			t.Metadata = []byte(`{"k": "v"}`)
		}
	})
	// Each look at the clock finds that the time is over.
	var ticks int
	s.now = func() time.Time { ticks++; return time.Now().Add(time.Duration(ticks) * scanLimit) }
	filter := task.Filter{Metadata: map[string]string{"k": "v"}, Limit: 10}
	for range 2 {
		page, err := s.List(t.Context(), filter)
		if err != nil || len(page.Tasks) != 0 || page.Next == uuid.Nil {
			t.Fatalf("page: %d tasks, next %v, %v", len(page.Tasks), page.Next, err)
		}
		filter.Before = page.Next
	}
	page, err := s.List(t.Context(), filter)
	if err != nil || len(page.Tasks) != 1 || page.Tasks[0].ID != subs[0].Task.ID {
		t.Fatalf("last pages: %d tasks, %v", len(page.Tasks), err)
	}
}

func TestListPagesThroughLivingAndEnded(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	owner := register(t, s)
	subs := many(t, s, 30, func(int, *task.Task) {})
	for i := range subs {
		if i%3 != 0 {
			continue
		}
		attempt := claim(t, s, owner, subs[i])[0]
		settle(t, s, settlement(&attempt, []task.Status{task.Completed, task.Failed, task.DeadLetter}[i%9/3]))
	}
	var got []uuid.UUID
	for f := (task.Filter{Limit: 7}); ; {
		page, err := s.List(t.Context(), f)
		mustDo(t, err)
		for i := range page.Tasks {
			got = append(got, page.Tasks[i].ID)
		}
		if f.Before = page.Next; f.Before == uuid.Nil {
			break
		}
	}
	if len(got) != len(subs) {
		t.Fatalf("%d tasks in all pages, want %d", len(got), len(subs))
	}
	for i, id := range got {
		if want := subs[len(subs)-1-i].Task.ID; id != want {
			t.Fatalf("place %d holds %s, want %s", i, id, want)
		}
	}
}

func TestListBoundsOfTime(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	at := time.UnixMilli(1_800_000_000_000)
	withTime := func(ms int64) task.Submission {
		return submission(func(t *task.Task) {
			id := firstID(time.UnixMilli(ms))
			copy(t.ID[:6], id[:6])
		})
	}
	before, first, last, after := withTime(at.UnixMilli()-1), withTime(at.UnixMilli()), withTime(at.UnixMilli()+9), withTime(at.UnixMilli()+10)
	insert(t, s, before, first, last, after)
	page, err := s.List(t.Context(), task.Filter{From: at, To: at.Add(10 * time.Millisecond), Limit: 10})
	if err != nil || len(page.Tasks) != 2 || page.Tasks[0].ID != last.Task.ID || page.Tasks[1].ID != first.Task.ID {
		t.Fatalf("in range: %+v, %v", page.Tasks, err)
	}
	page, err = s.List(t.Context(), task.Filter{From: at.Add(time.Microsecond), Limit: 10})
	if err != nil || len(page.Tasks) != 2 {
		t.Fatalf("from within a millisecond: %+v, %v", page.Tasks, err)
	}
}

func TestListWalksTheIndexOfWhatIsRare(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	dead, failed, cancelled := task.DeadLetter, task.Failed, task.Cancelled
	for name, tc := range map[string]struct {
		filter task.Filter
		want   string
	}{
		"dead letters":    {task.Filter{Status: &dead}, "tasks_dead"},
		"failed":          {task.Filter{Status: &failed}, "task_history_failed"},
		"cancelled":       {task.Filter{Status: &cancelled}, "task_history_cancelled"},
		"history of type": {task.Filter{Type: "a"}, "task_history_type"},
	} {
		text, args := listSQL(tc.filter)
		edge := text.edges[len(text.edges)-1]
		plan := explainText(t, s, edge, append([]any{uuid.Nil[:], uuid.Max[:], 10}, args...)...)
		if !strings.Contains(plan, tc.want) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s: %s\n%s", name, edge, plan)
		}
	}
}

// TestStatementsUseTheirIndexes holds the plans of what runs often: none may
// grow with the backlog or the log.
func TestStatementsUseTheirIndexes(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for q, want := range map[query]string{
		qClaimTask: "PRIMARY KEY", qFinishTask: "PRIMARY KEY", qLeaveLiving: "PRIMARY KEY", qReturnTask: "PRIMARY KEY",
		qBuryTask: "PRIMARY KEY", qGetLiving: "PRIMARY KEY", qGetEnded: "PRIMARY KEY",
		qUniqueHolder: "INDEX tasks_unique", qWaiting: "INDEX tasks_waiting", qDue: "INDEX tasks_delayed",
		qDueTies: "INDEX tasks_delayed", qOverdue: "INDEX tasks_deadline", qRunningOn: "INDEX tasks_running",
		qCancelsOn: "INDEX tasks_running", qDeadWithWork: "INDEX tasks_running", qTaskEvents: "INDEX audit_events_task",
		qIdempotencyFind: "PRIMARY KEY",
	} {
		plan := explain(t, s, q)
		if !strings.Contains(plan, want) || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN tasks") {
			t.Errorf("%s:\n%s", q, plan)
		}
	}
}

// explain returns the plan of a named statement.
func explain(t *testing.T, s *Store, q query) string {
	t.Helper()
	texts, err := loadQueries()
	mustDo(t, err)
	var args []any
	for n := 1; strings.Contains(texts[q], fmt.Sprintf("?%d", n)); n++ {
		args = append(args, 1)
	}
	return explainText(t, s, texts[q], args...)
}

func explainText(t *testing.T, s *Store, text string, args ...any) string {
	t.Helper()
	stmt, err := s.readers.db.PrepareContext(t.Context(), "EXPLAIN QUERY PLAN "+text)
	mustDo(t, err)
	defer func() { mustDo(t, stmt.Close()) }()
	lines, err := collect(t.Context(), stmt, func(row scanner) (line string, err error) {
		var id, parent, unused int
		return line, row.Scan(&id, &parent, &unused, &line)
	}, args...)
	mustDo(t, err)
	return strings.Join(lines, "\n")
}
