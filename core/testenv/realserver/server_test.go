package realserver_test

import (
	"context"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/testenv/realserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAKilledRedisComesBackOnItsPortWithoutItsData(t *testing.T) {
	t.Parallel()
	s := realserver.Redis(t, realserver.RedisConfig{})
	options, err := redis.ParseURL(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := client.Set(t.Context(), "a", 1, 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.End(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Error("a killed server answers")
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Exists(t.Context(), "a").Result(); err != nil || n != 0 {
		t.Errorf("%d keys are left, %v", n, err)
	}
}

func TestAStoppedPostgresComesBackWithItsData(t *testing.T) {
	t.Parallel()
	s := realserver.Postgres(t, realserver.PostgresConfig{})
	url, err := realserver.Database(t.Context(), s, "mine")
	if err != nil {
		t.Fatal(err)
	}
	run(t, url, "CREATE TABLE kept AS SELECT 1 AS n")
	if err := s.End(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	if conn, err := pgx.Connect(t.Context(), url); err == nil {
		t.Error("a stopped server answers")
		_ = conn.Close(t.Context())
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	run(t, url, "INSERT INTO kept VALUES (2)")
}

// run runs a statement on a connection of its own.
func run(t *testing.T, url, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestServersSpeakTLSToWhoTrustsTheirAuthority(t *testing.T) {
	t.Parallel()
	ca := realserver.NewAuthority(t)
	// Both starts ping, so they prove it.
	realserver.Redis(t, realserver.RedisConfig{TLS: ca})
	realserver.Postgres(t, realserver.PostgresConfig{TLS: ca})
}
