package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
)

// Inspector looks at a database file beside the node that works with it, and
// changes nothing.
type Inspector struct {
	path string
	db   *sql.DB
}

// Inspect opens a file, which must be there, with any schema. It takes no lock.
func Inspect(path string) (*Inspector, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("path of the store: %w", err)
	}
	if _, err := os.Stat(abs); err != nil {
		return nil, fmt.Errorf("inspect the store: %w", err)
	}
	db, err := sql.Open("sqlite", readerDSN(abs))
	if err != nil {
		return nil, fmt.Errorf("inspect %s: %w", abs, err)
	}
	return &Inspector{path: abs, db: db}, nil
}

// Close ends the inspection.
func (i *Inspector) Close() error { return i.db.Close() }

// Schema is the version of the schema; a *SchemaError: it is not that of this
// program.
func (i *Inspector) Schema(ctx context.Context) (version int64, err error) {
	applied, err := appliedMigrations(ctx, i.path)
	if err != nil {
		return 0, err
	}
	for v := range applied {
		version = max(version, v)
	}
	return version, checkSchema(ctx, i.path)
}
