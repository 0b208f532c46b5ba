package testenv_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPostgresGivesEachTestAnEmptyDatabaseThatIsGoneAfterIt(t *testing.T) {
	t.Parallel()
	var used []string
	for _, name := range []string{"first", "second"} {
		t.Run(name, func(t *testing.T) {
			conn := connect(t, testenv.Postgres(t))
			used = append(used, query[string](t, conn, "SELECT current_database()"))
			// A second creation in a shared database would fail.
			if _, err := conn.Exec(t.Context(), "CREATE TABLE task (id int)"); err != nil {
				t.Fatal(err)
			}
		})
	}
	if used[0] == used[1] {
		t.Errorf("both tests got the database %s", used[0])
	}
	admin := connect(t, os.Getenv(testenv.DatabaseVar))
	left := query[int](t, admin, "SELECT count(*) FROM pg_database WHERE datname = ANY($1)", used)
	if left != 0 {
		t.Errorf("%d of the databases %v are left", left, used)
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return conn
}

// query returns the one value that a statement gives.
func query[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) T {
	t.Helper()
	var value T
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func BenchmarkPostgres(b *testing.B) {
	for b.Loop() {
		testenv.Postgres(b)
	}
}
