package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"

	"github.com/headrace/headrace/migrations"
)

// oldestServer is the first version that the store works with: PostgreSQL 14,
// as server_version_num writes it.
const oldestServer = 140000

// VersionError says that the server is too old.
type VersionError struct {
	// Version is what the server says of itself.
	Version string
}

// Error says what is needed.
func (e *VersionError) Error() string {
	return fmt.Sprintf("the server is PostgreSQL %s, Headrace needs 14 or later", e.Version)
}

// SchemaError says that the schema of a database is not the one that this
// program works with.
type SchemaError struct {
	// Have is the version of the database, 0 when it is empty; Want the one of
	// the program.
	Have, Want int64
}

// Error says what to run.
func (e *SchemaError) Error() string {
	if e.Have < e.Want {
		return fmt.Sprintf("the schema is at version %d, this program needs %d: run `headrace migrate up`", e.Have, e.Want)
	}
	return fmt.Sprintf("the schema is at version %d, this program knows only %d: use a newer program, "+
		"or let the newer one run `headrace migrate down`", e.Have, e.Want)
}

// checkServer refuses a server that is too old and a schema of another version.
func checkServer(ctx context.Context, url string) (err error) {
	conn, err := connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if err := checkVersion(ctx, conn); err != nil {
		return err
	}
	return checkSchema(ctx, conn)
}

func connect(ctx context.Context, url string) (*pgx.Conn, error) {
	cc, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the URL: %w", err)
	}
	configure(cc)
	conn, err := pgx.ConnectConfig(ctx, cc)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return conn, nil
}

func checkVersion(ctx context.Context, conn *pgx.Conn) error {
	var (
		number int
		name   string
	)
	const ask = "SELECT current_setting('server_version_num')::integer, current_setting('server_version')"
	if err := conn.QueryRow(ctx, ask).Scan(&number, &name); err != nil {
		return fmt.Errorf("ask for the server's version: %w", err)
	}
	if number < oldestServer {
		return &VersionError{Version: name}
	}
	return nil
}

// checkSchema returns a *SchemaError unless the database has the schema of this
// program.
func checkSchema(ctx context.Context, conn *pgx.Conn) error {
	want, err := newestMigration()
	if err != nil {
		return err
	}
	have, err := schemaVersion(ctx, conn)
	if err != nil {
		return err
	}
	if have != want {
		return &SchemaError{Have: have, Want: want}
	}
	return nil
}

// schemaVersion reads goose's table; goose itself would make the table first.
func schemaVersion(ctx context.Context, conn *pgx.Conn) (version int64, err error) {
	var exists bool
	const table = goose.DefaultTablename
	if err := conn.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", table).Scan(&exists); err != nil || !exists {
		return 0, err
	}
	err = conn.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM "+table+" WHERE is_applied").Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("read the schema's version: %w", err)
	}
	return version, nil
}

// migrationFiles are the files of this store.
func migrationFiles() (fs.FS, error) {
	files, err := fs.Sub(migrations.Files, "postgres")
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return files, nil
}

// newestMigration is the version that this program works with.
func newestMigration() (newest int64, err error) {
	files, err := migrationFiles()
	if err != nil {
		return 0, err
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil || len(names) == 0 {
		return 0, fmt.Errorf("no migrations in the program: %w", err)
	}
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return 0, fmt.Errorf("migration %s: %w", name, err)
		}
		newest = max(newest, version)
	}
	return newest, nil
}
