package testenv

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
)

// PostgresFrom is Postgres with a database that prepare has filled. The first test on a server that
// asks for a key runs prepare, all others get a copy of its result, also in other packages: a copy
// costs as much as an empty database. The key says what prepare does, for example a hash of the
// migrations; another content needs another key. prepare must have closed its connections when it
// returns. The original stays on the server; a private one takes it along when it ends.
func PostgresFrom(tb testing.TB, key string, prepare func(ctx context.Context, url string) error) string {
	tb.Helper()
	admin := require(tb, DatabaseVar)
	template, err := ensureTemplate(tb.Context(), admin, key, prepare)
	if err != nil {
		tb.Fatalf("prepare the database %q to copy from: %v", key, err)
	}
	return createDatabase(tb, template)
}

// ensureTemplate returns the name of the prepared database of a key, which it makes if there is
// none. A lock on the server keeps other tests waiting meanwhile. The database gets its name only
// when it is complete, so that a test killed in between leaves none that looks complete.
func ensureTemplate(ctx context.Context, admin, key string, prepare func(context.Context, string) error) (name string, err error) {
	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	sum := sha256.Sum256([]byte(key))
	name = "hrtemplate_" + hex.EncodeToString(sum[:16])

	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return "", err
	}
	// Closing the connection also frees the lock.
	defer func() { err = joinClose(err, conn.Close(context.WithoutCancel(ctx))) }()
	lock := int64(binary.BigEndian.Uint64(sum[:8]))
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", lock); err != nil {
		return "", err
	}
	var there bool
	const query = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
	if err := conn.QueryRow(ctx, query, name).Scan(&there); err != nil || there {
		return name, err
	}
	return name, makeTemplate(ctx, conn, admin, name, prepare)
}

// makeTemplate creates the database under another name, fills it and gives it its own.
func makeTemplate(ctx context.Context, conn *pgx.Conn, admin, name string, prepare func(context.Context, string) error) error {
	draft := databaseName()
	url, err := withDatabase(admin, draft)
	if err != nil {
		return err
	}
	quoted := pgx.Identifier{draft}.Sanitize()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+quoted); err != nil {
		return err
	}
	err = prepare(ctx, url)
	if err == nil {
		_, err = conn.Exec(ctx, "ALTER DATABASE "+quoted+" RENAME TO "+pgx.Identifier{name}.Sanitize())
	}
	if err != nil {
		_, dropErr := conn.Exec(context.WithoutCancel(ctx), "DROP DATABASE "+quoted+" WITH (FORCE)")
		err = errors.Join(err, dropErr)
	}
	return err
}
