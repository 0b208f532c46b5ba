package storetest

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/invariant"
	"github.com/headrace/headrace/core/task"
)

// Breakable is a store with a way past it, to break its rows by hand.
type Breakable struct {
	Store Store
	// Inspect looks at the same data.
	Inspect invariant.Store
	// Exec runs a statement on the data.
	Exec func(t *testing.T, statement string)
	// Literal writes an id as a value in a statement.
	Literal func(id uuid.UUID) string
	// Loosen are the statements after which the schema takes a row in the history
	// that has no time of its end.
	Loosen []string
	// LongAgo is a value for a time that is hours away.
	LongAgo string
}

// ExerciseInvariants proves that a store answers every rule of core/invariant:
// nothing is found in a store that was only used through its methods, and each
// rule finds what breaks it. open gives an empty store each time.
func ExerciseInvariants(t *testing.T, open func(t *testing.T) Breakable) {
	t.Helper()
	for _, rule := range invariant.Rules() {
		if len(breaks(rule)) == 0 {
			t.Errorf("nothing here breaks the rule %s", rule)
		}
	}
	t.Run("holds", func(t *testing.T) {
		w := newWorld(t, open(t))
		report := w.check(t)
		if !report.Holds() || report.Rules != len(invariant.Rules()) {
			t.Errorf("report %+v", report)
		}
		if want := (invariant.Counts{Living: 3, Ended: 4, Events: report.Counts.Events}); report.Counts != want {
			t.Errorf("counts %+v, want %+v", report.Counts, want)
		}
	})
	t.Run("many findings are counted, and some named", func(t *testing.T) {
		w := newWorld(t, open(t))
		w.fixture.many(30)
		w.exec(t, "UPDATE tasks SET node_id = {node} WHERE status = 0")
		report := w.check(t)
		if len(report.Violations) != 1 || report.Violations[0].Count != 31 || len(report.Violations[0].Found) != 20 {
			t.Errorf("report %+v, want 31 findings of which 20 are shown", report)
		}
	})
	for _, rule := range invariant.Rules() {
		for _, b := range breaks(rule) {
			t.Run(string(rule)+"/"+b.name, func(t *testing.T) {
				w := newWorld(t, open(t))
				for _, statement := range b.statements {
					w.exec(t, statement)
				}
				w.wantBroken(t, rule, b.subject)
			})
		}
	}
}

// world is a store with a task in every status.
type world struct {
	Breakable
	fixture *fixture
	// names are what statements may use: {pending}, {running} …, {node}.
	names map[string]uuid.UUID
}

func newWorld(t *testing.T, b Breakable) *world {
	t.Helper()
	f := newFixture(t, b.Store)
	w := &world{Breakable: b, fixture: f, names: map[string]uuid.UUID{}}
	oldest := f.running() // the horizon of the rules about events
	f.end(oldest, task.Completed)
	w.names["pending"] = f.pending(func(t *task.Task) { t.UniqueKey = "one" }).ID
	running := f.running(func(t *task.Task) { t.UniqueKey = "two" })
	w.names["running"], w.names["node"] = running.ID, running.NodeID
	for name, to := range map[string]task.Status{
		"dead": task.DeadLetter, "completed": task.Completed, "failed": task.Failed,
	} {
		t := f.running()
		f.end(t, task.Pending) // a retry before the end
		t = f.run(f.get(t.ID))
		f.end(t, to)
		w.names[name] = t.ID
	}
	w.names["cancelled"] = f.pending().ID
	f.cancel(w.names["cancelled"])
	w.names["stranger"] = task.NewID()
	return w
}

// exec fills in the names and runs a statement.
func (w *world) exec(t *testing.T, statement string) {
	t.Helper()
	if statement == loosen {
		for _, s := range w.Loosen {
			w.Exec(t, s)
		}
		return
	}
	for name, id := range w.names {
		statement = strings.ReplaceAll(statement, "{"+name+"}", w.Literal(id))
		statement = strings.ReplaceAll(statement, "{text of "+name+"}", "'"+id.String()+"'")
	}
	w.Exec(t, strings.ReplaceAll(statement, "{long ago}", w.LongAgo))
}

func (w *world) check(t *testing.T) invariant.Report {
	t.Helper()
	report, err := invariant.Check(t.Context(), w.Inspect)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// wantBroken checks that the rule is reported, with the subject.
func (w *world) wantBroken(t *testing.T, rule invariant.Rule, subject string) {
	t.Helper()
	if id, named := w.names[subject]; named {
		subject = id.String()
	}
	report := w.check(t)
	for _, v := range report.Violations {
		if v.Rule != rule {
			continue
		}
		if v.Count == 1 && len(v.Found) == 1 && strings.Contains(v.Found[0].Subject, subject) && v.Found[0].Detail != "" {
			return
		}
	}
	t.Errorf("want %s broken once, at %s; the report is %+v", rule, subject, report)
}

// loosen stands for Breakable.Loosen in a list of statements.
const loosen = "loosen"

// breaking is one way to break a rule.
type breaking struct {
	name       string
	statements []string
	// subject that the finding must name: a name of the world, or a text.
	subject string
}

// breaks lists the ways to break a rule.
func breaks(rule invariant.Rule) []breaking {
	switch rule {
	case invariant.OnePlace:
		return []breaking{{"living and ended", []string{copyIntoHistory}, "pending"}}
	case invariant.StatusPlace:
		return []breaking{
			{"living", []string{"UPDATE tasks SET status = 3 WHERE id = {pending}"}, "pending"},
			{"ended", []string{"UPDATE task_history SET status = 0 WHERE id = {completed}"}, "completed"},
		}
	case invariant.CreatedEvent:
		return []breaking{
			{"no event", []string{"DELETE FROM audit_events WHERE type = 'task.created' AND " + aboutRunning}, "running"},
			{"an event twice", []string{rename("task.retried", "task.created", "failed")}, "failed"},
			{"a lost task", []string{"DELETE FROM tasks WHERE id = {pending}"}, "pending"},
		}
	case invariant.TerminalEvent:
		return []breaking{
			{"none", []string{rename("task.completed", "task.started", "completed")}, "completed"},
			{"two", []string{rename("task.retried", "task.completed", "completed")}, "completed"},
			{"a wrong one", []string{rename("task.completed", "task.failed", "completed")}, "completed"},
			{"two different ones", []string{rename("task.retried", "task.cancelled", "failed")}, "failed"},
			{"one of a living task", []string{rename("task.created", "task.completed", "pending")}, "pending"},
			{"a dead letter twice", []string{rename("task.retried", "task.dead_lettered", "dead")}, "dead"},
			{"a redrive too many", []string{"UPDATE tasks SET redrive_count = 1 WHERE id = {dead}"}, "dead"},
		}
	case invariant.TerminalAttempt:
		return []breaking{
			{"ended", []string{"UPDATE task_history SET attempt = 3 WHERE id = {failed}"}, "failed"},
			{"dead letter", []string{"UPDATE tasks SET attempt = 3 WHERE id = {dead}"}, "dead"},
		}
	case invariant.EventAttempts:
		return []breaking{{"a later attempt", []string{"UPDATE task_history SET attempt = 1 WHERE id = {completed}"}, "completed"}}
	case invariant.RunningOwner:
		return []breaking{
			{"no node", []string{"UPDATE tasks SET node_id = NULL WHERE id = {running}"}, "running"},
			{"no attempt", []string{"UPDATE tasks SET attempt = 0 WHERE id = {running}"}, "running"},
		}
	case invariant.OwnerAlive:
		return []breaking{
			{"unknown", []string{"UPDATE tasks SET node_id = {stranger} WHERE id = {running}"}, "running"},
			{"long dead", []string{"UPDATE nodes SET dead_at = {long ago} WHERE id = {node}"}, "running"},
		}
	case invariant.IdleOwner:
		return []breaking{{"pending", []string{"UPDATE tasks SET node_id = {node} WHERE id = {pending}"}, "pending"}}
	case invariant.CompletedAt:
		return []breaking{{"none", []string{loosen, "UPDATE task_history SET completed_at = NULL WHERE id = {failed}"}, "failed"}}
	case invariant.UniqueKey:
		return []breaking{{"twice", []string{
			"DROP INDEX tasks_unique", "UPDATE tasks SET unique_key = 'one' WHERE id = {running}",
		}, " one"}}
	}
	return nil
}

// aboutRunning finds the events of the running task.
const aboutRunning = "metadata ->> 'taskId' = {text of running}"

// rename turns an event of a task into one of another type.
func rename(from, to, name string) string {
	return "UPDATE audit_events SET type = '" + to + "' WHERE type = '" + from +
		"' AND metadata ->> 'taskId' = {text of " + name + "}"
}

// copyIntoHistory puts the pending task among the ended.
const copyIntoHistory = `INSERT INTO task_history (id, updated, completed_at, retry_count, max_retries, attempt,
    crash_count, lapse_count, redrive_count, status, priority, cancel_requested, type, created_by, traceparent, description)
SELECT id, updated, updated, retry_count, max_retries, attempt,
    crash_count, lapse_count, redrive_count, 3, priority, cancel_requested, type, created_by, traceparent, description
FROM tasks WHERE id = {pending}`
