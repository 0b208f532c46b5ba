package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/core/api"
	"github.com/headrace/headrace/core/audit"
	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/core/deadletter"
	"github.com/headrace/headrace/core/dispatch"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/intake"
	"github.com/headrace/headrace/core/node"
	"github.com/headrace/headrace/core/recovery"
	"github.com/headrace/headrace/core/schedule"
	"github.com/headrace/headrace/core/store/postgres"
	"github.com/headrace/headrace/core/store/sqlite"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

// Store is what the parts of a node need stored, each by its own interface.
type Store interface {
	intake.Store
	dispatch.Store
	recovery.FillerStore
	recovery.DueStore
	recovery.DeadlineStore
	recovery.ReaperStore
	recovery.Maintainer
	deadletter.DeskStore
	deadletter.RunnerStore
	deadletter.RetrierStore
	deadletter.CleanerStore
	node.Store
	node.LeaderStore
	api.Store
	audit.Store
	auth.Keys
	tasktype.PauseStore
	schedule.Store
	Cancel(ctx context.Context, req task.CancelRequest) (task.Task, task.CancelOutcome, error)
	CreateKey(ctx context.Context, key auth.Key, ev event.Event) error
	Keys(ctx context.Context) ([]auth.Key, error)
	RevokeKey(ctx context.Context, id uuid.UUID, ev event.Event) (found bool, err error)
	Nodes(ctx context.Context) ([]node.Info, error)
	Ping(ctx context.Context) error
	Close()
}

// Migration is one step of the schema.
type Migration struct {
	Version int64
	Name    string
	// Applied is zero while the step is still to be made.
	Applied time.Time
}

// errNoStorage says what a file without a storage block cannot do.
var errNoStorage = errors.New(`the configuration has no storage block: add storage "postgres" or storage "sqlite"`)

// OpenStore opens the store of a configuration.
func OpenStore(ctx context.Context, cfg config.Storage, lease time.Duration, log hclog.Logger) (Store, error) {
	switch cfg.Kind {
	case config.StoragePostgres:
		s, err := postgres.Open(ctx, postgres.Config{URL: cfg.URL.Reveal(), Lease: lease, Logger: log})
		if err != nil {
			return nil, err // not s: a nil pointer in an interface is no nil
		}
		return s, nil
	case config.StorageSQLite:
		return openSQLite(ctx, cfg.Path, log)
	case config.StorageNone:
	}
	return nil, errNoStorage
}

// openSQLite opens a file that this process has for itself; so every node that
// is still there in it is a former one.
func openSQLite(ctx context.Context, path string, log hclog.Logger) (Store, error) {
	s, err := sqlite.Open(ctx, sqlite.Config{Path: path, Logger: log})
	if err != nil {
		return nil, err
	}
	if _, err := s.DeclareAllDead(ctx, node.LostEvent); err != nil {
		s.Close()
		return nil, fmt.Errorf("release the work of former processes: %w", err)
	}
	return s, nil
}

// Migrate brings the schema of a configuration's store up to date.
func Migrate(ctx context.Context, cfg config.Storage) error {
	switch cfg.Kind {
	case config.StoragePostgres:
		return postgres.Migrate(ctx, cfg.URL.Reveal())
	case config.StorageSQLite:
		return sqlite.Migrate(ctx, cfg.Path)
	case config.StorageNone:
	}
	return errNoStorage
}

// MigrateDown takes the newest step of the schema back.
func MigrateDown(ctx context.Context, cfg config.Storage) error {
	switch cfg.Kind {
	case config.StoragePostgres:
		return postgres.MigrateDown(ctx, cfg.URL.Reveal())
	case config.StorageSQLite:
		return sqlite.MigrateDown(ctx, cfg.Path)
	case config.StorageNone:
	}
	return errNoStorage
}

// MigrationStatus lists the steps of the schema, oldest first.
func MigrationStatus(ctx context.Context, cfg config.Storage) ([]Migration, error) {
	switch cfg.Kind {
	case config.StoragePostgres:
		steps, err := postgres.MigrationStatus(ctx, cfg.URL.Reveal())
		return convert(steps, func(m postgres.Migration) Migration { return Migration(m) }), err
	case config.StorageSQLite:
		steps, err := sqlite.MigrationStatus(ctx, cfg.Path)
		return convert(steps, func(m sqlite.Migration) Migration { return Migration(m) }), err
	case config.StorageNone:
	}
	return nil, errNoStorage
}

func convert[From any](steps []From, one func(From) Migration) []Migration {
	out := make([]Migration, len(steps))
	for i, s := range steps {
		out[i] = one(s)
	}
	return out
}
