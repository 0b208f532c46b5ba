package testenv_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/core/testenv"
)

// execute runs a statement on a connection that it closes again.
func execute(ctx context.Context, url, statement string) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

// This one is not parallel to others, which leaves its copies room to be.
func TestPostgresFromPreparesOnceAndCopies(t *testing.T) {
	var prepared atomic.Int32
	key := rand.Text()
	prepare := func(ctx context.Context, url string) error {
		prepared.Add(1)
		return execute(ctx, url,
			// Slow, so that the others arrive meanwhile.
			"CREATE TABLE task (id int); INSERT INTO task SELECT 1 FROM pg_sleep(0.5)")
	}
	t.Run("copies", func(t *testing.T) {
		for i := range 4 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				conn := connect(t, testenv.PostgresFrom(t, key, prepare))
				// Each copy has one row, whatever the other tests add to theirs.
				if n := query[int](t, conn, "SELECT count(*) FROM task"); n != 1 {
					t.Errorf("%d rows, want 1", n)
				}
				if _, err := conn.Exec(t.Context(), "INSERT INTO task VALUES (2)"); err != nil {
					t.Error(err)
				}
			})
		}
	})
	if n := prepared.Load(); n != 1 {
		t.Errorf("prepared %d times, want once", n)
	}
}

func TestPostgresFromStartsAfreshAfterAFailure(t *testing.T) {
	t.Parallel()
	key := rand.Text()
	var draft string
	message := fatal(t, func(tb testing.TB) string {
		return testenv.PostgresFrom(tb, key, func(_ context.Context, url string) error {
			draft = url
			return errors.New("migration 3 is broken")
		})
	})
	if want := "migration 3 is broken"; !containsAll(message, want, key) {
		t.Errorf("message %q lacks %q or the key", message, want)
	}
	if err := execute(t.Context(), draft, "SELECT 1"); err == nil {
		t.Error("the half-made database is left")
	}
	conn := connect(t, testenv.PostgresFrom(t, key, func(ctx context.Context, url string) error {
		return execute(ctx, url, "CREATE TABLE mended ()")
	}))
	if n := query[int](t, conn, "SELECT count(*) FROM mended"); n != 0 {
		t.Errorf("%d rows", n)
	}
}

func BenchmarkPostgresFrom(b *testing.B) {
	for b.Loop() {
		testenv.PostgresFrom(b, "benchmark", func(ctx context.Context, url string) error {
			return execute(ctx, url, "CREATE TABLE task (id int)")
		})
	}
}
