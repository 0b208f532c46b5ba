package sqlite

import (
	"database/sql"
	"encoding/hex"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/store/storetest"
)

func TestInvariants(t *testing.T) {
	t.Parallel()
	storetest.ExerciseInvariants(t, func(t *testing.T) storetest.Breakable {
		path := newPath(t)
		return storetest.Breakable{
			Store: openStore(t, path), Inspect: inspect(t, path),
			Exec:    func(t *testing.T, statement string) { execBeside(t, path, statement) },
			Literal: func(id uuid.UUID) string { return "x'" + hex.EncodeToString(id[:]) + "'" },
			Loosen: []string{
				"CREATE TABLE loose AS SELECT * FROM task_history", "DROP TABLE task_history",
				"ALTER TABLE loose RENAME TO task_history",
			},
			LongAgo: "(unixepoch() - 7200) * 1000000",
		}
	})
}

func inspect(t *testing.T, path string) *Inspector {
	t.Helper()
	i, err := Inspect(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	return i
}

// execBeside runs a statement on a connection of its own.
func execBeside(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", writerDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func TestInspectMakesNoFile(t *testing.T) {
	t.Parallel()
	if _, err := Inspect(filepath.Join(t.TempDir(), "none.db")); err == nil {
		t.Error("a file that is not there was opened")
	}
}

func TestAnInspectorCannotWrite(t *testing.T) {
	t.Parallel()
	i := inspect(t, newPath(t))
	if _, err := i.db.ExecContext(t.Context(), "DELETE FROM tasks"); err == nil {
		t.Error("an inspector has deleted rows")
	}
}
