package postgres

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/node"
	"github.com/headrace/headrace/core/task"
)

// submission returns a pending task of about 200 bytes that change may alter.
func submission(change func(*task.Task)) task.Submission {
	t := task.Task{
		ID: task.NewID(), Type: "demo.echo", Priority: task.Medium, MaxRetries: 5, CreatedBy: "key:test",
		Payload:       json.RawMessage(`{"customer": "c-1029", "items": [{"sku": "A-1", "n": 2}, {"sku": "B-7", "n": 1}], "note": "leave it at the door, please, and ring twice"}`),
		CorrelationID: uuid.New(),
	}
	if change != nil {
		change(&t)
	}
	t.Created = task.CreatedAt(t.ID)
	t.Updated = t.Created
	metadata := t.EventMetadata()
	metadata.UserID = t.CreatedBy
	return task.Submission{Task: t, Event: t.Event(event.TaskCreated, "task accepted", metadata)}
}

func submissions(n int) []task.Submission {
	subs := make([]task.Submission, n)
	for i := range subs {
		subs[i] = submission(nil)
	}
	return subs
}

// insert writes submissions that must all go in, and returns their ids.
func insert(tb testing.TB, s *Store, subs ...task.Submission) []uuid.UUID {
	tb.Helper()
	results, err := s.Insert(tb.Context(), subs)
	if err != nil {
		tb.Fatalf("insert: %v", err)
	}
	if has(results, task.UniqueTaken) || has(results, task.KeyTaken) {
		tb.Fatalf("insert: fates %v", results)
	}
	ids := make([]uuid.UUID, len(subs))
	for i := range subs {
		ids[i] = subs[i].Task.ID
	}
	return ids
}

// register starts a node with a lease of an hour.
func register(tb testing.TB, s *Store) uuid.UUID {
	tb.Helper()
	id := task.NewID()
	started := event.New(event.SystemStarted, "started", map[string]string{"nodeId": id.String()})
	if err := s.RegisterNode(tb.Context(), node.Info{ID: id, Name: "n", Version: "test"}, time.Hour, started); err != nil {
		tb.Fatalf("register: %v", err)
	}
	return id
}

// claim takes tasks, which must all be there to take.
func claim(tb testing.TB, s *Store, owner uuid.UUID, ids ...uuid.UUID) []task.Task {
	tb.Helper()
	tasks, err := s.Claim(tb.Context(), task.ClaimRequest{Node: owner, IDs: ids})
	if err != nil {
		tb.Fatalf("claim: %v", err)
	}
	if len(tasks) != len(ids) {
		tb.Fatalf("claimed %d of %d", len(tasks), len(ids))
	}
	return tasks
}

// completions end attempts with success.
func completions(tasks []task.Task) []task.Settlement {
	items := make([]task.Settlement, len(tasks))
	for i := range tasks {
		t := &tasks[i]
		metadata := t.EventMetadata()
		took := int64(3)
		metadata.DurationMs = &took
		items[i] = task.Settlement{
			ID: t.ID, From: task.Running, Attempt: t.Attempt, To: task.Completed,
			Result: json.RawMessage(`{"status": "done", "rows": 12}`),
			Event:  t.Event(event.TaskCompleted, "task completed", metadata),
		}
	}
	return items
}

// settle makes settlements that must all hold.
func settle(tb testing.TB, s *Store, items ...task.Settlement) {
	tb.Helper()
	fates, err := s.Settle(tb.Context(), items)
	if err != nil {
		tb.Fatalf("settle: %v", err)
	}
	for i, fate := range fates {
		if fate != task.SettledNow {
			tb.Fatalf("settlement %d: fate %d", i, fate)
		}
	}
}

// connection connects beside the store.
func connection(tb testing.TB, url string) *pgx.Conn {
	tb.Helper()
	conn, err := connect(tb.Context(), url)
	if err != nil {
		tb.Fatalf("connect: %v", err)
	}
	tb.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(tb.Context())); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return conn
}

// exec runs a statement beside the store.
func exec(tb testing.TB, conn *pgx.Conn, sql string, args ...any) {
	tb.Helper()
	if _, err := conn.Exec(tb.Context(), sql, args...); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}
