package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/headrace/headrace/core/event"
)

func TestOpenMakesFilesForTheOwnerOnly(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	openStore(t, path)
	for name, want := range map[string]os.FileMode{
		filepath.Dir(path): 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600, path + ".lock": 0o600,
	} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(name), got, want)
		}
	}
}

func TestOpenTakesAnyFileName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b?mode=memory#c%41.db")
	if err := Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	openStore(t, path)
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Fatalf("the file of that very name: %v, %v", info, err)
	}
}

func TestOpenRefusesNoPath(t *testing.T) {
	t.Parallel()
	if _, err := Open(t.Context(), Config{}); err == nil {
		t.Fatal("opened a store without a path")
	}
}

func TestConnectionsCommitDurably(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "cache_size": "-65536", "busy_timeout": "5000",
	} {
		var got string
		if err := s.writer.db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
	if _, err := s.readers.db.ExecContext(t.Context(), "DELETE FROM tasks"); err == nil {
		t.Error("a reader may write")
	}
}

func TestSecondOpenIsRefusedWithThePIDOfTheHolder(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := openStore(t, path)
	_, err := Open(t.Context(), Config{Path: path})
	var locked *LockedError
	if !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Fatalf("second open: %v", err)
	}
	if err := Migrate(t.Context(), path); !errors.As(err, &locked) {
		t.Fatalf("migrate while open: %v", err)
	}
	s.Close()
	openStore(t, path)
}

func TestReleaseEndsTheLockThoughAChildStillSharesTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "h.db")
	lock, err := acquireLock(path)
	mustDo(t, err)
	// What a child has between fork and exec.
	shared, err := unix.Dup(int(lock.file.Fd()))
	mustDo(t, err)
	defer func() { mustDo(t, unix.Close(shared)) }()
	mustDo(t, lock.release())
	lock, err = acquireLock(path)
	mustDo(t, err)
	mustDo(t, lock.release())
}

func TestCloseTwice(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.Close()
	s.Close()
	if err := s.Ping(t.Context()); err == nil {
		t.Fatal("a closed store answers")
	}
}

func TestOpenRefusesAnotherSchema(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		prepare func(*testing.T, string)
		says    string
	}{
		"no schema": {func(*testing.T, string) {}, "headrace migrate up"},
		"too old": {func(t *testing.T, path string) {
			mustDo(t, Migrate(t.Context(), path))
			mustDo(t, MigrateDown(t.Context(), path))
		}, "headrace migrate up"},
		"too new": {makeNewer, "newer program"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "h.db")
			tc.prepare(t, path)
			_, err := Open(t.Context(), Config{Path: path})
			var schema *SchemaError
			if !errors.As(err, &schema) || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("open: %v", err)
			}
			if lock, err := acquireLock(path); err != nil {
				t.Fatalf("the refused open kept the lock: %v", err)
			} else {
				mustDo(t, lock.release())
			}
		})
	}
}

// makeNewer lets the schema look as if a later program had migrated it.
func makeNewer(t *testing.T, path string) {
	mustDo(t, Migrate(t.Context(), path))
	s, err := Open(t.Context(), Config{Path: path})
	mustDo(t, err)
	defer s.Close()
	_, err = s.writer.db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
	mustDo(t, err)
}

func TestMigrateLeavesANewerSchemaAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "h.db")
	makeNewer(t, path)
	var schema *SchemaError
	if err := Migrate(t.Context(), path); !errors.As(err, &schema) {
		t.Errorf("up: %v", err)
	}
	if err := MigrateDown(t.Context(), path); !errors.As(err, &schema) {
		t.Errorf("down: %v", err)
	}
}

func TestMigrationStatus(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "h.db")
	want := func(applied bool) {
		t.Helper()
		steps, err := MigrationStatus(t.Context(), path)
		if err != nil || len(steps) == 0 {
			t.Fatalf("status: %v, %v", steps, err)
		}
		for _, step := range steps {
			if step.Applied.IsZero() == applied {
				t.Errorf("%+v: applied should be %v", step, applied)
			}
		}
	}
	want(false)
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("asking for the status made the file: %v", err)
	}
	mustDo(t, Migrate(t.Context(), path))
	want(true)
	mustDo(t, Migrate(t.Context(), path)) // a second time: nothing to do
	steps, err := MigrationStatus(t.Context(), path)
	mustDo(t, err)
	for range steps {
		mustDo(t, MigrateDown(t.Context(), path))
	}
	want(false)
	mustDo(t, MigrateDown(t.Context(), path)) // nothing left
}

func TestNodesOfEarlierProcessesAreDeadAtStart(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := openStore(t, path)
	old := register(t, s)
	sub := insert(t, s, submission(nil))[0]
	claim(t, s, old, sub)
	s.Close() // without EndNode, as after a crash

	s = openStore(t, path)
	mine := register(t, s)
	if none, err := s.DeclareDead(t.Context(), lost); err != nil || len(none) != 0 {
		t.Fatalf("leases that still hold: %v, %v", none, err)
	}
	dead, err := s.DeclareAllDead(t.Context(), lost)
	if err != nil || len(dead) != 1 || dead[0].ID != old.ID || dead[0].DeadAt.IsZero() {
		t.Fatalf("dead: %+v, %v", dead, err)
	}
	if again, err := s.DeclareAllDead(t.Context(), lost); err != nil || len(again) != 0 {
		t.Fatalf("a second time: %v, %v", again, err)
	}
	work, err := s.DeadWithWork(t.Context())
	if err != nil || len(work) != 1 || work[0] != old.ID {
		t.Fatalf("dead with work: %v, %v", work, err)
	}
	if held, err := s.RenewNode(t.Context(), mine.ID, 1); err != nil || !held {
		t.Fatalf("my own node: held %v, %v", held, err)
	}
	if n := countEvents(t, s, event.RecoveryNodeLost); n != 1 {
		t.Fatalf("%d events of a lost node", n)
	}
}

func countEvents(t *testing.T, s *Store, kind event.Type) (n int) {
	t.Helper()
	err := s.readers.db.QueryRowContext(t.Context(), "SELECT count(*) FROM audit_events WHERE type = ?", string(kind)).Scan(&n)
	mustDo(t, err)
	return n
}

func mustDo(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
