package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/headrace/headrace/migrations"
)

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

// Migration is one step of the schema.
type Migration struct {
	Version int64
	// Name is the name of its file.
	Name string
	// Applied is zero while the step is still to be made.
	Applied time.Time
}

// Migrate brings the schema at path to the newest version, and makes the file
// when there is none. It is refused while an engine has the file open.
func Migrate(ctx context.Context, path string) error {
	return migrate(ctx, path, func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		return err
	})
}

// MigrateDown takes the newest step back, with all data that it holds. With no
// step left it does nothing.
func MigrateDown(ctx context.Context, path string) error {
	return migrate(ctx, path, func(p *goose.Provider) error {
		_, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return nil
		}
		return err
	})
}

// MigrationStatus lists the steps that this program knows, oldest first. It
// changes nothing, needs no lock, and makes no file.
func MigrationStatus(ctx context.Context, path string) ([]Migration, error) {
	steps, err := knownMigrations()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return steps, nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("path of the store: %w", err)
	}
	applied, err := appliedMigrations(ctx, abs)
	if err != nil {
		return nil, err
	}
	for i := range steps {
		steps[i].Applied = applied[steps[i].Version]
	}
	return steps, nil
}

// migrate runs do while it holds the lock of the file. A newer schema is left
// alone.
func migrate(ctx context.Context, path string, do func(*goose.Provider) error) (err error) {
	abs, err := prepareFile(path)
	if err != nil {
		return err
	}
	lock, err := acquireLock(abs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	err = checkSchema(ctx, abs)
	if schema := new(SchemaError); err != nil && (!errors.As(err, &schema) || schema.Have > schema.Want) {
		return err
	}
	return withProvider(abs, do)
}

// withProvider runs do with goose's view of the file.
func withProvider(path string, do func(*goose.Provider) error) error {
	db, err := sql.Open("sqlite", writerDSN(path))
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	files, err := fs.Sub(migrations.Files, "sqlite")
	if err != nil {
		return errors.Join(err, db.Close())
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return errors.Join(fmt.Errorf("read the migrations: %w", err), db.Close())
	}
	if err := do(p); err != nil {
		return errors.Join(fmt.Errorf("migrate %s: %w", path, err), p.Close())
	}
	return p.Close()
}

// checkSchema returns a *SchemaError unless the file at path holds the schema
// of this program. Goose's own questions would write into the file.
func checkSchema(ctx context.Context, path string) error {
	steps, err := knownMigrations()
	if err != nil {
		return err
	}
	applied, err := appliedMigrations(ctx, path)
	if err != nil {
		return err
	}
	want, have := steps[len(steps)-1].Version, int64(0)
	for version := range applied {
		have = max(have, version)
	}
	if have != want {
		return &SchemaError{Have: have, Want: want}
	}
	return nil
}

// knownMigrations lists the steps in this program, oldest first, none applied.
func knownMigrations() ([]Migration, error) {
	files, err := migrations.Files.ReadDir("sqlite")
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	steps := make([]Migration, len(files))
	for i, file := range files { // sorted by name, which begins with the version
		version, err := goose.NumericComponent(file.Name())
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", file.Name(), err)
		}
		steps[i] = Migration{Version: version, Name: file.Name()}
	}
	return steps, nil
}

// appliedMigrations reads when each step was made; the file exists.
func appliedMigrations(ctx context.Context, path string) (applied map[int64]time.Time, err error) {
	db, err := sql.Open("sqlite", readerDSN(path))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var tables int
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = ?", goose.DefaultTablename).Scan(&tables)
	if err != nil || tables == 0 {
		return nil, err
	}
	stmt, err := db.PrepareContext(ctx, "SELECT version_id, tstamp FROM "+goose.DefaultTablename+" WHERE is_applied AND version_id > 0") //nolint:gosec // G202: the name is a constant of goose's
	if err != nil {
		return nil, fmt.Errorf("read applied migrations: %w", err)
	}
	defer func() { err = errors.Join(err, stmt.Close()) }()
	steps, err := collect(ctx, stmt, scanMigration)
	if err != nil {
		return nil, fmt.Errorf("read applied migrations: %w", err)
	}
	applied = make(map[int64]time.Time, len(steps))
	for _, step := range steps {
		applied[step.Version] = step.Applied
	}
	return applied, nil
}

func scanMigration(row scanner) (m Migration, err error) {
	return m, row.Scan(&m.Version, &m.Applied)
}
