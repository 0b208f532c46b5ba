package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/node"
	"github.com/headrace/headrace/core/store/storetest"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

var _ storetest.Store = (*Store)(nil)

// childEnv makes the test binary a child that inserts until it is killed; its
// value is the path of the database.
const childEnv = "HEADRACE_TEST_SQLITE_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		if err := insertForever(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(m)
}

// newPath migrates a fresh database.
func newPath(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "data", "headrace.db")
	if err := Migrate(tb.Context(), path); err != nil {
		tb.Fatalf("migrate: %v", err)
	}
	return path
}

func openStore(tb testing.TB, path string) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), Config{Path: path})
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	tb.Cleanup(s.Close)
	return s
}

func newStore(tb testing.TB) *Store {
	tb.Helper()
	return openStore(tb, newPath(tb))
}

// submission returns a small pending task that change may alter.
func submission(change func(*task.Task)) task.Submission {
	t := task.Task{
		ID: task.NewID(), Type: "demo.echo", Priority: task.Medium, MaxRetries: 5,
		Payload: []byte(`{"n": 1}`), CreatedBy: "key:test",
	}
	t.Created = task.CreatedAt(t.ID)
	t.Updated = t.Created
	if change != nil {
		change(&t)
	}
	return task.Submission{Task: t, Event: t.Event(event.TaskCreated, "created", t.EventMetadata())}
}

// insert writes submissions that must all be accepted.
func insert(tb testing.TB, s *Store, subs ...task.Submission) []task.Submission {
	tb.Helper()
	results, err := s.Insert(tb.Context(), subs)
	if err != nil {
		tb.Fatalf("insert: %v", err)
	}
	for i, r := range results {
		if r.Fate != task.Inserted {
			tb.Fatalf("insert %d: fate %d", i, r.Fate)
		}
	}
	return subs
}

// register starts a node with a lease of an hour.
func register(tb testing.TB, s *Store) node.Info {
	tb.Helper()
	info := node.Info{ID: task.NewID(), Name: "n", Version: "test", Started: time.Now()}
	if err := s.RegisterNode(tb.Context(), info, time.Hour, nodeEvent(event.SystemStarted)); err != nil {
		tb.Fatalf("register: %v", err)
	}
	return info
}

func nodeEvent(kind event.Type) event.Event {
	return event.New(kind, "a node", map[string]string{"nodeId": "n"})
}

func lost(node.Info) event.Event { return nodeEvent(event.RecoveryNodeLost) }

// claim takes the tasks, which must all be there to take.
func claim(tb testing.TB, s *Store, owner node.Info, subs ...task.Submission) []task.Task {
	tb.Helper()
	req := task.ClaimRequest{Node: owner.ID}
	for i := range subs {
		req.IDs = append(req.IDs, subs[i].Task.ID)
	}
	tasks, err := s.Claim(tb.Context(), req)
	if err != nil {
		tb.Fatalf("claim: %v", err)
	}
	if len(tasks) != len(subs) {
		tb.Fatalf("claimed %d of %d", len(tasks), len(subs))
	}
	return tasks
}

// settlement ends an attempt.
func settlement(t *task.Task, to task.Status) task.Settlement {
	item := task.Settlement{
		ID: t.ID, From: t.Status, Attempt: t.Attempt, To: to,
		Event: t.Event(event.TaskCompleted, "ended", t.EventMetadata()),
	}
	if to != task.Completed {
		item.Error = &task.Failure{Code: fault.NetworkError, Message: "away"}
	}
	return item
}

// settle makes one settlement.
func settle(tb testing.TB, s *Store, item task.Settlement) task.Settled {
	tb.Helper()
	fates, err := s.Settle(tb.Context(), []task.Settlement{item})
	if err != nil {
		tb.Fatalf("settle: %v", err)
	}
	return fates[0]
}

// get finds a task that must be there.
func get(tb testing.TB, s *Store, sub task.Submission) task.Task {
	tb.Helper()
	t, ok, err := s.Get(tb.Context(), sub.Task.ID)
	if err != nil || !ok {
		tb.Fatalf("get %s: found %v, %v", sub.Task.ID, ok, err)
	}
	return t
}
