package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/task"
)

// insertForever opens the store and inserts groups, printing each id once it is
// acknowledged.
func insertForever(path string) error {
	ctx := context.Background()
	s, err := Open(ctx, Config{Path: path})
	if err != nil {
		return err
	}
	for n := 0; ; n = (n + 1) % 64 {
		subs := make([]task.Submission, n+1)
		for i := range subs {
			subs[i] = submission(nil)
		}
		if _, err := s.Insert(ctx, subs); err != nil {
			return err
		}
		for i := range subs {
			if _, err := fmt.Println(subs[i].Task.ID); err != nil {
				return err
			}
		}
	}
}

func TestAcknowledgedTasksSurviveKill(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	acknowledged := make(map[uuid.UUID]bool)
	for range 3 {
		for _, id := range insertUntilKilled(t, path, 50+rand.IntN(1000)) {
			acknowledged[id] = true
		}
		checkAllThere(t, path, acknowledged)
	}
}

// insertUntilKilled runs the child, kills it once it has acknowledged so many,
// and returns all that it acknowledged.
func insertUntilKilled(t *testing.T, path string, after int) (ids []uuid.UUID) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	mustDo(t, err)
	mustDo(t, child.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		id, err := uuid.Parse(lines.Text())
		if err != nil {
			break // the line at which it was killed
		}
		ids = append(ids, id)
		if len(ids) == 1 {
			checkRefused(t, path, child.Process.Pid)
		}
		if len(ids) == after {
			mustDo(t, child.Process.Signal(syscall.SIGKILL))
		}
	}
	if err := child.Wait(); err == nil || len(ids) < after {
		t.Fatalf("the child ended by itself after %d: %v", len(ids), err)
	}
	return ids
}

// checkRefused opens the store while the child has it.
func checkRefused(t *testing.T, path string, holder int) {
	t.Helper()
	_, err := Open(t.Context(), Config{Path: path})
	var locked *LockedError
	if !errors.As(err, &locked) || locked.PID != holder {
		t.Errorf("open beside process %d: %v", holder, err)
	}
}

// checkAllThere opens what the child left and looks for every id, its event
// included.
func checkAllThere(t *testing.T, path string, want map[uuid.UUID]bool) {
	t.Helper()
	s := openStore(t, path)
	defer s.Close()
	for id := range want {
		if _, ok, err := s.Get(t.Context(), id); err != nil || !ok {
			t.Fatalf("acknowledged task %s: found %v, %v", id, ok, err)
		}
		if trail, _, err := s.TaskEvents(t.Context(), id, uuid.Nil, 10); err != nil || len(trail) != 1 {
			t.Fatalf("events of %s: %d, %v", id, len(trail), err)
		}
	}
	var verdict string
	mustDo(t, s.readers.db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict))
	if verdict != "ok" {
		t.Fatalf("integrity: %s", verdict)
	}
}
