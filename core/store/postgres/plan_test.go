package postgres

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/headrace/headrace/core/task"
)

// backlog is a size at which a plan that reads the whole table takes seconds.
const backlog = 300_000

// fillUnanalysed puts waiting tasks into the store behind the back of its
// statistics, and makes partitions of the days before.
func fillUnanalysed(t *testing.T, s *Store, conn *pgx.Conn) {
	t.Helper()
	exec(t, conn, "ALTER TABLE tasks SET (autovacuum_enabled = false)")
	exec(t, conn, `
		INSERT INTO tasks (id, type, priority, ready, updated, max_retries, created_by, traceparent, description, payload)
		SELECT (lpad(to_hex($1 + n), 12, '0') || '7' || lpad(to_hex(n), 3, '0') || '8000' || lpad(to_hex(n), 12, '0'))::uuid,
			'demo.echo', 1, now(), now(), 5, '', '', '', '{}'
		FROM generate_series(1, $2::bigint) n`, time.Now().Add(-time.Hour).UnixMilli(), backlog)
	var days []day
	for i := range 10 {
		days = append(days, dayOf(time.Now())-day(i))
	}
	if err := s.makePartitions(t.Context(), days); err != nil {
		t.Fatalf("make partitions: %v", err)
	}
}

// explain returns the plan that a pool's connection makes for a statement. With
// generic plans the values do not matter.
func explain(t *testing.T, pool *pgxpool.Pool, sql string, values ...string) string {
	t.Helper()
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for len(values) < parameters(sql) {
		values = append(values, "NULL")
	}
	exec(t, conn.Conn(), "PREPARE explained AS "+sql)
	defer exec(t, conn.Conn(), "DEALLOCATE explained")
	execute := "EXPLAIN EXECUTE explained"
	if len(values) > 0 {
		execute += "(" + strings.Join(values, ", ") + ")"
	}
	lines, err := collect(t.Context(), conn, pgx.RowTo[string], execute)
	if err != nil {
		t.Fatalf("explain: %v", err)
	}
	return strings.Join(lines, "\n")
}

// parameters is the number of a statement's parameters.
func parameters(sql string) (most int) {
	for _, match := range parameter.FindAllString(statementOf(sql), -1) {
		if n, err := strconv.Atoi(match[1:]); err == nil {
			most = max(most, n)
		}
	}
	return most
}

var (
	scansWhole      = regexp.MustCompile(`Seq Scan on (tasks|nodes|idempotency)\b`)
	scansPartition  = regexp.MustCompile(`Scan.* on (task_history|audit_events)_\d+`)
	scansBacklog    = regexp.MustCompile(`tasks_(waiting|running|dead|delayed|deadline)\b`)
	joinsByReading  = regexp.MustCompile(`(Hash|Merge) Join`)
	looksUpByKey    = regexp.MustCompile(`tasks_pkey`)
	looksUpByUnique = regexp.MustCompile(`tasks_unique`)
)

func TestGroupStatementsReadOnlyTheirRows(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	s := openStore(t, url)
	fillUnanalysed(t, s, connection(t, url))

	for name, want := range map[query]struct {
		pool  *pgxpool.Pool
		index *regexp.Regexp
	}{
		qInsertTasks:     {s.inserts, nil},
		qUniqueHolders:   {s.inserts, looksUpByUnique},
		qReserveKeys:     {s.inserts, nil},
		qRememberAnswers: {s.inserts, nil},
		qFreeKeys:        {s.inserts, nil},
		qClaimTasks:      {s.claims, looksUpByKey},
		qClaimWithin:     {s.claims, looksUpByKey},
		qLockTasks:       {s.settles, looksUpByKey},
		qFinishTasks:     {s.settles, looksUpByKey},
		qReturnTasks:     {s.settles, looksUpByKey},
		qCancelsStanding: {s.settles, looksUpByKey},
		qLockTask:        {s.control, looksUpByKey},
		qAskCancel:       {s.control, looksUpByKey},
		qInsertEvents:    {s.control, nil},
		qRecordEvents:    {s.control, nil},
		qRenewNode:       {s.control, nil},
	} {
		plan := explain(t, want.pool, s.queries[name])
		for _, bad := range []*regexp.Regexp{scansWhole, scansPartition, scansBacklog, joinsByReading} {
			if found := bad.FindString(plan); found != "" {
				t.Errorf("%s: %q in its plan:\n%s", name, found, plan)
			}
		}
		if want.index != nil && !want.index.MatchString(plan) {
			t.Errorf("%s does not look rows up by %s:\n%s", name, want.index, plan)
		}
	}
}

// TestCountingWhatRunsReadsNothingThatWaits: the count is asked for at each claim of
// a limited type.
func TestCountingWhatRunsReadsNothingThatWaits(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	s := openStore(t, url)
	fillUnanalysed(t, s, connection(t, url))
	plan := explain(t, s.claims, s.queries[qCountRunning])
	if !strings.Contains(plan, "tasks_running") || scansWhole.MatchString(plan) {
		t.Errorf("the plan reads more than what runs:\n%s", plan)
	}
}

func TestReadsOpenOnlyThePartitionsThatTheyNeed(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	var days []day
	for i := range 20 {
		days = append(days, dayOf(time.Now())-day(i))
	}
	if err := s.makePartitions(t.Context(), days); err != nil {
		t.Fatal(err)
	}
	id := task.NewID()
	lower, upper := firstID(task.CreatedAt(id).Add(-time.Hour)), firstID(task.CreatedAt(id).Add(time.Hour))
	quote := func(v any) string { return fmt.Sprintf("'%s'", v) }
	for name, values := range map[query][]string{
		qGetTask:    {quote(id)},
		qTaskEvents: {quote(id), quote(lower), "10"},
		qListTasks:  {quote(lower), quote(upper), "500", "51", "true", "true"},
	} {
		plan := explain(t, s.readers, s.queries[name], values...)
		// Around midnight two days are in question, and the day to come.
		if found := scansPartition.FindAllString(plan, -1); len(found) == 0 || len(found) > 3 {
			t.Errorf("%s reads %d partitions:\n%s", name, len(found), plan)
		}
	}
}

// filtered is the plan of the first look for a page.
func filtered(t *testing.T, s *Store, f task.Filter) string {
	t.Helper()
	values := []string{"'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "500", "51"}
	for _, arg := range filterArgs(f) {
		values = append(values, literal(t, s, arg))
	}
	return explain(t, s.readers, s.queries[qListTasks], values...)
}

func TestAPageOfABacklogIsReadByTheKey(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	s := openStore(t, url)
	fillUnanalysed(t, s, connection(t, url))
	pending := task.Pending
	for name, f := range map[string]task.Filter{
		"pending": {Status: &pending}, "pending of a type": {Status: &pending, Type: "demo.echo"}, "all": {}, "a type": {Type: "demo.echo"},
	} {
		plan := filtered(t, s, f)
		if !looksUpByKey.MatchString(plan) || scansBacklog.MatchString(plan) || scansWhole.MatchString(plan) {
			t.Errorf("%s are not read by the key:\n%s", name, plan)
		}
	}
}

func TestFiltersWithAnIndexUseIt(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for name, test := range map[string]struct {
		status task.Status
		typ    string
		index  string
	}{
		"dead letters":      {task.DeadLetter, "", "tasks_dead"},
		"failed tasks":      {task.Failed, "", "status_id"},
		"completed by type": {task.Completed, "demo.echo", "type_id"},
	} {
		if plan := filtered(t, s, task.Filter{Status: &test.status, Type: test.typ}); !strings.Contains(plan, test.index) {
			t.Errorf("%s are not found by %s:\n%s", name, test.index, plan)
		}
	}
}

// literal writes a parameter as SQL.
func literal(t *testing.T, s *Store, value any) string {
	t.Helper()
	if list, ok := value.([]string); ok && len(list) == 0 {
		return "'{}'"
	}
	var text string
	if err := s.control.QueryRow(t.Context(), "SELECT quote_nullable($1::text)", fmtText(value)).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

// fmtText is a parameter as text; nil for NULL.
func fmtText(value any) *string {
	var text string
	switch v := value.(type) {
	case bool:
		text = strconv.FormatBool(v)
	case pgtype.Int2:
		if !v.Valid {
			return nil
		}
		text = strconv.Itoa(int(v.Int16))
	case pgtype.Text:
		if !v.Valid {
			return nil
		}
		text = v.String
	}
	return &text
}
