package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

const (
	// lockPeriod and lockTries are how a migration waits for another one that
	// runs: once a second, for five minutes.
	lockPeriod = 1
	lockTries  = 300
)

// Migration is one step of the schema.
type Migration struct {
	Version int64
	// Name is the name of its file.
	Name string
	// Applied is zero while the step is still to be made.
	Applied time.Time
}

// Migrate brings the schema of a database to the newest version. Of several at
// once one does it and the others wait. A *SchemaError says that the schema is
// newer than this program; it is left alone.
func Migrate(ctx context.Context, url string) error {
	return migrate(ctx, url, func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		return err
	})
}

// MigrateDown takes the newest step back, with all data that it holds. With no
// step left it does nothing.
func MigrateDown(ctx context.Context, url string) error {
	return migrate(ctx, url, func(p *goose.Provider) error {
		_, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return nil
		}
		return err
	})
}

// MigrationStatus lists the steps that this program knows, oldest first.
func MigrationStatus(ctx context.Context, url string) (steps []Migration, err error) {
	err = withProvider(ctx, url, func(p *goose.Provider) error {
		statuses, err := p.Status(ctx)
		for _, status := range statuses {
			steps = append(steps, Migration{
				Version: status.Source.Version, Name: path.Base(status.Source.Path), Applied: status.AppliedAt,
			})
		}
		return err
	})
	return steps, err
}

// migrate runs do on a schema that is not newer than this program.
func migrate(ctx context.Context, url string, do func(*goose.Provider) error) error {
	err := checkServer(ctx, url)
	if schema := new(SchemaError); err != nil && (!errors.As(err, &schema) || schema.Have > schema.Want) {
		return fail("migrate", err)
	}
	return withProvider(ctx, url, do)
}

// withProvider runs do with goose's view of the database.
func withProvider(ctx context.Context, url string, do func(*goose.Provider) error) (err error) {
	cc, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("migrate: read the URL: %w", err)
	}
	configure(cc)
	db := stdlib.OpenDB(*cc)
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.PingContext(ctx); err != nil {
		return fail("migrate", err)
	}
	provider, err := newProvider(db)
	if err != nil {
		return err
	}
	if err := do(provider); err != nil {
		return fail("migrate", err)
	}
	return nil
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	files, err := migrationFiles()
	if err != nil {
		return nil, err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(lockPeriod, lockTries))
	if err != nil {
		return nil, fmt.Errorf("prepare the lock of migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return provider, nil
}
