package app_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/core/app"
	"github.com/headrace/headrace/core/testenv"
	"github.com/headrace/headrace/core/testenv/realserver"
)

// diagnose looks at what a configuration names.
func diagnose(t *testing.T, source string) *app.Diagnosis {
	t.Helper()
	cfg, diags := config.LoadSource("test.hcl", []byte(source), t.TempDir(), config.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	d := app.Diagnose(t.Context(), cfg)
	if grades(d)["postgres schema"].Grade != app.GradeOK {
		return d
	}
	report, err := app.CheckInvariants(t.Context(), cfg.Storage)
	if err != nil {
		t.Fatal(err)
	}
	d.Invariants = &report
	return d
}

// grades are the checks by name.
func grades(d *app.Diagnosis) map[string]app.Check {
	all := map[string]app.Check{}
	for _, c := range d.Checks {
		all[c.Name] = c
	}
	return all
}

// wantGrade checks one check and that its detail says something.
func wantGrade(t *testing.T, d *app.Diagnosis, name string, grade app.Grade, detail string) {
	t.Helper()
	c, done := grades(d)[name]
	if !done || c.Grade != grade || !strings.Contains(c.Detail, detail) {
		t.Errorf("%s is %+v, want %s with %q; all: %+v", name, c, grade, detail, d.Checks)
	}
}

// servers configures a database and a Redis.
func servers(database, redis string) string {
	return fmt.Sprintf("storage \"postgres\" {\n url = %q\n}\nredis {\n url = %q\n}\n", database, redis)
}

// migratedDatabase is a database with the schema.
func migratedDatabase(t *testing.T) string {
	t.Helper()
	url := testenv.Postgres(t)
	execute(t, url)
	cfg, diags := config.LoadSource("test.hcl", []byte(servers(url, testenv.Redis(t))), t.TempDir(), config.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	if err := app.Migrate(t.Context(), cfg.Storage); err != nil {
		t.Fatal(err)
	}
	return url
}

// execute runs statements on a database.
func execute(t *testing.T, url string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func TestDoctorFindsNothingWhereAllIsWell(t *testing.T) {
	t.Parallel()
	d := diagnose(t, servers(migratedDatabase(t), testenv.Redis(t)))
	if !d.Healthy() || !d.Invariants.Holds() {
		t.Errorf("diagnosis %+v", d)
	}
	for _, name := range []string{
		"postgres version", "postgres schema", "postgres rights", "postgres clock",
		"redis version", "redis maxmemory-policy", "redis clock",
	} {
		wantGrade(t, d, name, app.GradeOK, "")
	}
}

func TestDoctorSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	database := migratedDatabase(t)
	t.Run("an evicting redis", func(t *testing.T) {
		t.Parallel()
		s := realserver.Redis(t, realserver.RedisConfig{Lines: []string{"maxmemory-policy allkeys-lru"}})
		d := diagnose(t, servers(database, s.URL))
		wantGrade(t, d, "redis maxmemory-policy", app.GradeFailed, "noeviction")
		if d.Healthy() {
			t.Error("it is said to be healthy")
		}
	})
	t.Run("a redis that does not tell", func(t *testing.T) {
		t.Parallel()
		s := realserver.Redis(t, realserver.RedisConfig{Lines: []string{`rename-command CONFIG ""`}})
		wantGrade(t, diagnose(t, servers(database, s.URL)), "redis maxmemory-policy", app.GradeWarning, "noeviction")
	})
	t.Run("absent servers", func(t *testing.T) {
		t.Parallel()
		// Port 1 is reserved and nobody listens there.
		d := diagnose(t, servers("postgres://u:secret@127.0.0.1:1/x", "redis://:secret@127.0.0.1:1"))
		wantGrade(t, d, "postgres", app.GradeFailed, "")
		wantGrade(t, d, "redis", app.GradeFailed, "")
		if strings.Contains(fmt.Sprint(d.Checks), "secret") {
			t.Errorf("a password is shown: %+v", d.Checks)
		}
	})
	t.Run("no schema", func(t *testing.T) {
		t.Parallel()
		d := diagnose(t, servers(testenv.Postgres(t), testenv.Redis(t)))
		wantGrade(t, d, "postgres schema", app.GradeFailed, "migrate up")
	})
	t.Run("a user without rights", func(t *testing.T) {
		t.Parallel()
		own := migratedDatabase(t)
		role := strings.ReplaceAll(testenv.Prefix(t), "-", "_")
		execute(t, own, "CREATE ROLE "+role+" LOGIN PASSWORD 'p'", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO "+role,
			"GRANT UPDATE ON tasks TO "+role)
		t.Cleanup(func() { dropRole(t, own, role) })
		d := diagnose(t, servers(asUser(t, own, role, "p"), testenv.Redis(t)))
		wantGrade(t, d, "postgres rights", app.GradeFailed, "DELETE on tasks")
		wantGrade(t, d, "postgres rights", app.GradeFailed, "to own audit_events")
		if detail := grades(d)["postgres rights"].Detail; strings.Contains(detail, "UPDATE on tasks;") || strings.Contains(detail, "SELECT on tasks") {
			t.Errorf("rights that it has are missed: %s", detail)
		}
	})
}

func TestDoctorReportsABrokenInvariant(t *testing.T) {
	t.Parallel()
	url := migratedDatabase(t)
	r := node(t, realServers(t, url))
	r.wait(r.submit(`{"type":"demo.echo"}`), "completed")
	id := r.submit(`{"type":"demo.echo"}`)
	r.wait(id, "completed")
	execute(t, url, "DELETE FROM audit_events WHERE type = 'task.completed' AND metadata ->> 'taskId' = '"+id+"'")
	d := diagnose(t, servers(url, testenv.Redis(t)))
	if d.Healthy() || len(d.Invariants.Violations) != 1 || d.Invariants.Violations[0].Found[0].Subject != id {
		t.Errorf("invariants %+v, want one broken at task %s", d.Invariants, id)
	}
}

// asUser is the URL of a database for another user.
func asUser(t *testing.T, database, user, password string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(user, password)
	return u.String()
}

func dropRole(t *testing.T, database, role string) {
	t.Helper()
	conn, err := pgx.Connect(context.WithoutCancel(t.Context()), database)
	if err != nil {
		t.Error(err)
		return
	}
	_, err = conn.Exec(context.WithoutCancel(t.Context()), "DROP OWNED BY "+role+"; DROP ROLE "+role)
	if err := errors.Join(err, conn.Close(context.WithoutCancel(t.Context()))); err != nil {
		t.Error(err)
	}
}
