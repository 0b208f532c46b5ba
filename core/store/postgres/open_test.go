package postgres

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/core/store/storetest"
	"github.com/headrace/headrace/core/testenv"
	"github.com/headrace/headrace/sdk/fault"
)

var _ storetest.Store = (*Store)(nil)

func TestOpenRefusesAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), Config{URL: testenv.Postgres(t)})
	var schema *SchemaError
	if !errors.As(err, &schema) || schema.Have != 0 {
		t.Fatalf("got %v, want a *SchemaError from version 0", err)
	}
	if !strings.Contains(err.Error(), "headrace migrate up") {
		t.Errorf("%q does not say what to run", err)
	}
}

func TestOpenRefusesANewerSchema(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	exec(t, connection(t, url), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)")
	_, err := Open(t.Context(), Config{URL: url})
	var schema *SchemaError
	if !errors.As(err, &schema) || schema.Have != 9999 {
		t.Fatalf("got %v, want a *SchemaError from version 9999", err)
	}
	if !strings.Contains(err.Error(), "newer program") {
		t.Errorf("%q does not say what to do", err)
	}
	if err := Migrate(t.Context(), url); !errors.As(err, &schema) {
		t.Errorf("migrate: got %v, want a *SchemaError", err)
	}
}

func TestOpenRefusesNonsense(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{
		"no URL":           {},
		"a negative lease": {URL: "postgres://127.0.0.1/x", Lease: -1},
		"no such scheme":   {URL: "mysql://127.0.0.1/x"},
	} {
		s, err := Open(t.Context(), cfg)
		if err == nil {
			s.Close()
			t.Errorf("%s was accepted", name)
		}
		if fault.CodeOf(err) == fault.ServiceUnavailable {
			t.Errorf("%s is reported as an outage: %v", name, err)
		}
	}
}

func TestOpenReportsAnAbsentServer(t *testing.T) {
	t.Parallel()
	// Port 1 is reserved and nobody listens there.
	_, err := Open(t.Context(), Config{URL: "postgres://nobody:secret@127.0.0.1:1/x?sslmode=disable"})
	if fault.CodeOf(err) != fault.ServiceUnavailable {
		t.Fatalf("got %v, want service_unavailable", err)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("%q shows the password", err)
	}
}

func TestConnectionsAreSetUp(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Config{URL: migrated(t), Lease: 6 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	total := int32(0)
	for name, pool := range s.pools() {
		total += pool.Stat().TotalConns()
		var timeout, seqscan string
		const ask = "SELECT current_setting('idle_in_transaction_session_timeout'), current_setting('enable_seqscan')"
		if err := pool.QueryRow(t.Context(), ask).Scan(&timeout, &seqscan); err != nil {
			t.Fatal(err)
		}
		if timeout != "2s" {
			t.Errorf("%s: a transaction may idle for %s, a third of the lease is 2s", name, timeout)
		}
		if want := map[bool]string{true: "on", false: "off"}[name == "readers"]; seqscan != want {
			t.Errorf("%s: sequential scans are %s", name, seqscan)
		}
	}
	if total != 10 {
		t.Errorf("%d connections are open, want ten from the start", total)
	}
}

func TestMigrationsGoUpAndDown(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t)
	if err := MigrateDown(t.Context(), url); err != nil {
		t.Fatalf("down from nothing: %v", err)
	}
	for range 2 {
		if err := Migrate(t.Context(), url); err != nil {
			t.Fatalf("up: %v", err)
		}
	}
	openStore(t, url).Close()
	applied(t, url, true)
	steps, err := MigrationStatus(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for range steps {
		if err := MigrateDown(t.Context(), url); err != nil {
			t.Fatalf("down: %v", err)
		}
	}
	applied(t, url, false)
	var left int
	const tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'goose_db_version'"
	if err := connection(t, url).QueryRow(t.Context(), tables).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d tables are left, %v", left, err)
	}
	if err := Migrate(t.Context(), url); err != nil {
		t.Fatalf("up again: %v", err)
	}
}

// applied checks that all known migrations are applied, or none.
func applied(t *testing.T, url string, want bool) {
	t.Helper()
	steps, err := MigrationStatus(t.Context(), url)
	if err != nil || len(steps) == 0 {
		t.Fatalf("status: %d steps, %v", len(steps), err)
	}
	for _, step := range steps {
		if step.Applied.IsZero() == want || step.Version == 0 || step.Name == "" {
			t.Errorf("step %+v, want it applied: %v", step, want)
		}
	}
}

func TestConcurrentMigrationsAreSafe(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t)
	var wait sync.WaitGroup
	var errs [4]error
	for i := range errs {
		wait.Go(func() { errs[i] = Migrate(t.Context(), url) })
	}
	wait.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	applied(t, url, true)
}

func TestPingFollowsTheServer(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	s := openStore(t, url)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Ping(ctx); !errors.Is(err, context.Canceled) || fault.CodeOf(err) == fault.ServiceUnavailable {
		t.Errorf("with an ended context: %v", err)
	}
}

func TestTheStoreComesBackAfterItsConnectionsWereCut(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	s := openStore(t, url)
	conn := connection(t, url)
	exec(t, conn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	deadline := time.Now().Add(10 * time.Second)
	for _, sub := range submissions(20) {
		_, err := s.Insert(t.Context(), submissions(1))
		if err != nil && fault.CodeOf(err) != fault.ServiceUnavailable {
			t.Fatalf("got %v, want service_unavailable or nothing", err)
		}
		if err == nil {
			insert(t, s, sub)
			return
		}
		if time.Now().After(deadline) {
			break
		}
	}
	t.Fatal("the store did not come back")
}
