package postgres

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/store/storetest"
)

func TestInvariants(t *testing.T) {
	t.Parallel()
	storetest.ExerciseInvariants(t, func(t *testing.T) storetest.Breakable {
		url := migrated(t)
		conn := connection(t, url)
		return storetest.Breakable{
			Store: openStore(t, url), Inspect: inspect(t, url),
			Exec:    func(t *testing.T, statement string) { exec(t, conn, statement) },
			Literal: func(id uuid.UUID) string { return "'" + id.String() + "'::uuid" },
			Loosen:  []string{"ALTER TABLE task_history ALTER completed_at DROP NOT NULL"},
			LongAgo: "now() - interval '2 hours'",
		}
	})
}

func inspect(t *testing.T, url string) *Inspector {
	t.Helper()
	i, err := Inspect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return i
}

func TestAnInspectorCannotWrite(t *testing.T) {
	t.Parallel()
	i := inspect(t, migrated(t))
	if _, err := i.conn.Exec(t.Context(), "DELETE FROM tasks"); err == nil {
		t.Error("an inspector has deleted rows")
	}
}
