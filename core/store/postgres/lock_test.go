package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/core/task"
)

// patience bounds every wait for the server.
const patience = 20 * time.Second

func TestAClaimPassesOverLockedRows(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	s := openStore(t, url)
	ids := insert(t, s, submissions(3)...)
	owner := register(t, s)
	tx := begin(t, connection(t, url))
	if _, err := tx.Exec(t.Context(), "SELECT FROM tasks WHERE id = $1 FOR UPDATE", [16]byte(ids[1])); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tasks, err := s.Claim(ctx, task.ClaimRequest{Node: owner, IDs: ids})
	if err != nil || len(tasks) != 2 || tasks[0].ID != ids[0] || tasks[1].ID != ids[2] {
		t.Errorf("claimed %d tasks, %v; want the two that are free", len(tasks), err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	claim(t, s, owner, ids[1])
}

// begin starts a transaction that is rolled back with the connection.
func begin(t *testing.T, conn *pgx.Conn) pgx.Tx {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

// TestGroupsTakeUniqueKeysInOneOrder lets two groups wait for one key, and then
// go on at the same moment: in different orders each would hold what the other
// needs.
func TestGroupsTakeUniqueKeysInOneOrder(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	s := openStore(t, url)
	conn := connection(t, url)
	for round := range 5 {
		keys := []string{fmt.Sprint(round, "a"), fmt.Sprint(round, "b")}
		tx := begin(t, conn)
		_, err := tx.Exec(t.Context(), `
			INSERT INTO tasks (id, type, priority, ready, updated, max_retries, unique_key, created_by, traceparent, description)
			VALUES ($1, 'demo.echo', 1, now(), now(), 0, $2, '', '', '')`, [16]byte(uuid.New()), keys[1])
		if err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		var errs [2]error
		for i := range errs {
			subs := withKeys(keys)
			wait.Go(func() { _, errs[i] = s.Insert(t.Context(), subs) })
			slices.Reverse(keys)
		}
		waiting(t, s, 2)
		err = tx.Rollback(t.Context())
		wait.Wait()
		if err := errors.Join(err, errs[0], errs[1]); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
}

// withKeys makes a submission for each unique key.
func withKeys(keys []string) []task.Submission {
	subs := make([]task.Submission, len(keys))
	for i, key := range keys {
		subs[i] = submission(func(t *task.Task) { t.UniqueKey = key })
	}
	return subs
}

// waiting returns once so many statements of this database wait for a lock.
func waiting(t *testing.T, s *Store, want int) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	const ask = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		var n int
		if err := s.control.QueryRow(t.Context(), ask).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n == want {
			return
		}
	}
	t.Fatalf("waited in vain for %d statements to wait", want)
}
