//go:build faults

package faulttest

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// row is what the store keeps of one task.
type row struct {
	status                                  string
	attempt, retries, crashes, lapses, ends int
	// released is how often an attempt was given back.
	released int
}

// awaitDrained waits until nothing waits or runs.
func (w *world) awaitDrained() {
	w.t.Helper()
	w.await("all tasks to end", 3*time.Minute, func(ctx context.Context) error {
		var left int
		if err := w.database.QueryRow(ctx, "SELECT count(*) FROM tasks WHERE status IN (0, 1)").Scan(&left); err != nil {
			return err
		}
		if left > 0 {
			return fmt.Errorf("%d tasks wait or run", left)
		}
		return nil
	})
}

// idOf is the id of the newest start of a node.
func (w *world) idOf(n *node) (id string) {
	w.t.Helper()
	w.await("the id of node "+n.name, time.Minute, func(ctx context.Context) error {
		return w.database.QueryRow(ctx, "SELECT id::text FROM nodes WHERE name = $1 AND dead_at IS NULL ORDER BY id DESC LIMIT 1", n.name).Scan(&id)
	})
	return id
}

// awaitLapse waits until a node was declared dead and holds no work any more. How
// long that took is printed; it is no assertion, since a loaded machine is slow.
func (w *world) awaitLapse(id string) {
	w.t.Helper()
	began := time.Now()
	w.await("the work of a lost node to be released", 10*lease, func(ctx context.Context) error {
		const ask = `SELECT dead_at IS NOT NULL AND NOT EXISTS (SELECT FROM tasks WHERE status = 1 AND node_id = n.id)
FROM nodes n WHERE id = $1::uuid`
		var over bool
		if err := w.database.QueryRow(ctx, ask, id).Scan(&over); err != nil {
			return err
		}
		if !over {
			return errors.New("it is not declared dead, or holds tasks")
		}
		return nil
	})
	fmt.Printf("  a lost node's work was released after %.1f s, with a lease of %s\n", time.Since(began).Seconds(), lease)
}

// judge waits for the end of all tasks and compares what was promised with what
// is stored.
func (w *world) judge(l *ledger) {
	w.t.Helper()
	began := time.Now()
	w.awaitDrained()
	fmt.Printf("all tasks ended %.1f s after the last fault\n", time.Since(began).Seconds())
	rows := w.rows()
	fmt.Printf("%d accepted, %d with a taken unique key, %d refused in an outage; %d answers 503, %d requests without an answer\n",
		len(l.accepted), l.taken, l.refused, l.unavailable, l.unclear)
	for _, c := range l.complaints {
		w.t.Error(c)
	}
	if total := len(l.accepted) + l.taken + l.refused; total != w.settings.tasks {
		w.t.Errorf("%d submissions have a fate, want %d", total, w.settings.tasks)
	}
	if len(rows) != len(l.accepted) {
		w.t.Errorf("%d tasks are stored, %d were accepted", len(rows), len(l.accepted))
	}
	bad := 0
	for _, a := range l.accepted {
		if why := verdict(a, rows[a.id]); why != "" {
			if bad++; bad <= 20 {
				w.t.Errorf("task %s %s: %s: %+v", a.id, a.body, why, rows[a.id])
			}
		}
	}
	w.compareCounts(len(l.accepted))
	w.doctor()
}

// verdict says what is wrong with the end of a task; empty: nothing.
func verdict(a accepted, r row) string {
	switch {
	case r.status == "":
		return "it is lost"
	case !slices.Contains(a.ends, r.status):
		return fmt.Sprintf("it must end as one of %v", a.ends)
	case r.ends != 1:
		return "it must have one event of its end"
	case a.quiet && r.retries+r.crashes+r.lapses > 0:
		return "a rolling restart must cost nothing"
	case a.quiet && r.attempt != 1+r.released:
		return "every further attempt must come from one that was given back"
	}
	return ""
}

// rows reads what is stored.
func (w *world) rows() map[string]row {
	w.t.Helper()
	const ask = `
WITH ends AS (
    SELECT metadata ->> 'taskId' AS task,
        count(*) FILTER (WHERE type IN ('task.completed', 'task.failed', 'task.cancelled', 'task.dead_lettered')) AS ended,
        count(*) FILTER (WHERE type = 'task.released') AS released
    FROM audit_events WHERE type LIKE 'task.%' GROUP BY 1
)
SELECT t.id::text, (ARRAY['pending', 'running', 'dead_letter', 'completed', 'failed', 'cancelled'])[t.status + 1],
    t.attempt, t.retry_count, t.crash_count, t.lapse_count, coalesce(ends.ended, 0), coalesce(ends.released, 0)
FROM (
    SELECT id, status, attempt, retry_count, crash_count, lapse_count FROM tasks
    UNION ALL
    SELECT id, status, attempt, retry_count, crash_count, lapse_count FROM task_history
) t LEFT JOIN ends ON ends.task = t.id::text`
	list, err := w.database.Query(w.t.Context(), ask)
	w.must(err)
	rows := map[string]row{}
	var id string
	var r row
	_, err = pgx.ForEachRow(list, []any{&id, &r.status, &r.attempt, &r.retries, &r.crashes, &r.lapses, &r.ends, &r.released}, func() error {
		if _, twice := rows[id]; twice {
			w.t.Errorf("task %s is stored twice", id)
		}
		rows[id] = r
		return nil
	})
	w.must(err)
	return rows
}

// compareCounts compares the number of promises with those of the events.
func (w *world) compareCounts(accepted int) {
	w.t.Helper()
	const ask = `SELECT count(*) FILTER (WHERE type = 'task.created'),
    count(*) FILTER (WHERE type IN ('task.completed', 'task.failed', 'task.cancelled', 'task.dead_lettered')),
    count(*) FILTER (WHERE type = 'recovery.node_lost'), count(*) FILTER (WHERE type = 'recovery.late_result_refused'),
    count(*) FILTER (WHERE type = 'task.recovered'), count(*) FILTER (WHERE type = 'task.retried'),
    count(*) FILTER (WHERE type = 'task.released'), count(*) FILTER (WHERE type = 'recovery.queue_rebuilt')
FROM audit_events`
	var created, ended, lost, late, recovered, retried, released, rebuilt int
	w.must(w.database.QueryRow(w.t.Context(), ask).Scan(&created, &ended, &lost, &late, &recovered, &retried, &released, &rebuilt))
	fmt.Printf("events: %d created, %d ends, %d retried, %d recovered, %d released, %d nodes lost, %d late results, %d queues rebuilt\n",
		created, ended, retried, recovered, released, lost, late, rebuilt)
	if created != accepted || ended != accepted {
		w.t.Errorf("%d accepted, %d created events, %d events of an end: want the same", accepted, created, ended)
	}
}

// doctor runs the check of the invariants that everybody can run.
func (w *world) doctor() {
	w.t.Helper()
	out, err := exec.CommandContext(w.t.Context(), w.binary, "doctor", "-invariants", "-config", w.config).CombinedOutput()
	if err != nil {
		w.t.Errorf("headrace doctor -invariants: %v\n%s", err, out)
	}
}
