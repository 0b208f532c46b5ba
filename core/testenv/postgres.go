package testenv

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// setupTimeout bounds the creation of a database. It usually takes about 50 ms.
const setupTimeout = time.Minute

// Postgres returns the URL of an empty database that only this test has. It is dropped after the
// test, with whatever is still connected to it.
func Postgres(tb testing.TB) string {
	tb.Helper()
	return createDatabase(tb, "template1")
}

// createDatabase copies the template into a database for this test and returns its URL.
func createDatabase(tb testing.TB, template string) string {
	tb.Helper()
	admin := require(tb, DatabaseVar)
	name := databaseName()
	statement := fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s",
		pgx.Identifier{name}.Sanitize(), pgx.Identifier{template}.Sanitize())
	if err := execute(tb.Context(), setupTimeout, admin, statement); err != nil {
		tb.Fatalf("create a database for the test: %v", err)
	}
	tb.Cleanup(func() { dropDatabase(tb, admin, name) })
	database, err := withDatabase(admin, name)
	if err != nil {
		tb.Fatal(err)
	}
	return database
}

// databaseName returns a name that no other test has.
func databaseName() string {
	return "hrtest_" + strings.ToLower(rand.Text())
}

func dropDatabase(tb testing.TB, admin, name string) {
	tb.Helper()
	statement := fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", pgx.Identifier{name}.Sanitize())
	if err := execute(context.WithoutCancel(tb.Context()), cleanupTimeout, admin, statement); err != nil {
		tb.Errorf("drop the test's database: %v", err)
	}
}

// execute runs one statement on a connection of its own.
func execute(ctx context.Context, limit time.Duration, database, statement string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer func() { err = joinClose(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

// withDatabase returns the URL of another database on the same server.
func withDatabase(admin, name string) (string, error) {
	u, err := url.Parse(admin)
	if err != nil {
		return "", fmt.Errorf("%s is no URL: %w", DatabaseVar, err)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// joinClose adds the error of closing to the one before it and names it.
func joinClose(err, closing error) error {
	if closing == nil {
		return err
	}
	return errors.Join(err, fmt.Errorf("close: %w", closing))
}
