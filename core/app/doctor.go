package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/core/invariant"
	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/core/store/postgres"
	"github.com/headrace/headrace/core/store/sqlite"
)

// Grade is how a check came out.
type Grade string

// The grades. A warning is worth a look, a failure keeps a node from working or
// its promises from holding.
const (
	GradeOK      Grade = "ok"
	GradeWarning Grade = "warning"
	GradeFailed  Grade = "failed"
)

// Check is one finding of a diagnosis.
type Check struct {
	Name   string `json:"name"`
	Grade  Grade  `json:"grade"`
	Detail string `json:"detail"`
}

// Diagnosis is what a look at the surroundings of a node has found.
type Diagnosis struct {
	Checks []Check `json:"checks"`
	// Invariants is what CheckInvariants has found; nil when nobody asked.
	Invariants *invariant.Report `json:"invariants,omitempty"`
}

// Healthy tells whether nothing failed and no invariant is broken.
func (d *Diagnosis) Healthy() bool {
	for _, c := range d.Checks {
		if c.Grade == GradeFailed {
			return false
		}
	}
	return d.Invariants == nil || d.Invariants.Holds()
}

func (d *Diagnosis) add(name string, grade Grade, format string, args ...any) {
	d.Checks = append(d.Checks, Check{Name: name, Grade: grade, Detail: fmt.Sprintf(format, args...)})
}

const (
	// diagnosisLimit bounds the look at one server, without the invariants.
	diagnosisLimit = 15 * time.Second
	// clockWarning and clockFailure are differences between this machine's clock
	// and a server's. Leases go by the database's clock alone, but ids, the times
	// of events and run_at are made here: hours of difference would file them
	// under another day.
	clockWarning = time.Second
	clockFailure = time.Minute
)

// Diagnose looks at the servers that a configuration names. It changes nothing.
func Diagnose(ctx context.Context, cfg *config.Config) *Diagnosis {
	d := &Diagnosis{}
	ctx, cancel := context.WithTimeout(ctx, diagnosisLimit)
	defer cancel()
	switch cfg.Storage.Kind {
	case config.StoragePostgres:
		d.postgres(ctx, cfg.Storage.URL.Reveal())
	case config.StorageSQLite:
		d.sqlite(ctx, cfg.Storage.Path)
	case config.StorageNone:
		d.add("storage", GradeFailed, "%v", errNoStorage)
	}
	d.redis(ctx, cfg.Redis)
	return d
}

// CheckInvariants looks at the stored data, beside the nodes that work with it.
func CheckInvariants(ctx context.Context, cfg config.Storage) (report invariant.Report, err error) {
	switch cfg.Kind {
	case config.StoragePostgres:
		i, err := postgres.Inspect(ctx, cfg.URL.Reveal())
		if err != nil {
			return invariant.Report{}, err
		}
		report, err = invariant.Check(ctx, i)
		return report, errors.Join(err, i.Close(context.WithoutCancel(ctx)))
	case config.StorageSQLite:
		i, err := sqlite.Inspect(cfg.Path)
		if err != nil {
			return invariant.Report{}, err
		}
		report, err = invariant.Check(ctx, i)
		return report, errors.Join(err, i.Close())
	case config.StorageNone:
	}
	return invariant.Report{}, errNoStorage
}

// postgres looks at the database.
func (d *Diagnosis) postgres(ctx context.Context, url string) {
	i, err := postgres.Inspect(ctx, url)
	if err != nil {
		d.add("postgres", GradeFailed, "%v", err)
		return
	}
	defer func() {
		if err := i.Close(context.WithoutCancel(ctx)); err != nil {
			d.add("postgres", GradeWarning, "%v", err)
		}
	}()
	version, err := i.Version(ctx)
	d.judge("postgres version", err, "PostgreSQL %s", version)
	schema, err := i.Schema(ctx)
	d.judge("postgres schema", err, "version %d", schema)
	if err != nil {
		return // the rights are those on its tables
	}
	user, err := i.Rights(ctx)
	d.judge("postgres rights", err, "user %s may do all that a node does", user)
	d.clock(ctx, "postgres clock", i.Clock)
}

// sqlite looks at the file.
func (d *Diagnosis) sqlite(ctx context.Context, path string) {
	i, err := sqlite.Inspect(path)
	if err != nil {
		d.add("sqlite", GradeFailed, "%v", err)
		return
	}
	schema, err := i.Schema(ctx)
	d.judge("sqlite schema", err, "version %d", schema)
	if err := i.Close(); err != nil {
		d.add("sqlite", GradeWarning, "%v", err)
	}
}

// redis looks at Redis, unless it is the one inside the node.
func (d *Diagnosis) redis(ctx context.Context, cfg config.Redis) {
	if cfg.Kind == config.RedisNone || cfg.Kind == config.RedisEmbedded {
		return
	}
	client, err := redis.Open(redisConfig(cfg))
	if err != nil {
		d.add("redis", GradeFailed, "%v", err)
		return
	}
	defer func() {
		if err := client.Close(); err != nil {
			d.add("redis", GradeWarning, "%v", err)
		}
	}()
	if err := client.PingOnce(ctx); err != nil {
		d.add("redis", GradeFailed, "%v", err)
		return
	}
	version, err := client.Version(ctx)
	d.judge("redis version", err, "Redis %s", version)
	d.policy(ctx, client)
	d.clock(ctx, "redis clock", func(ctx context.Context) (time.Time, error) { return client.Time(ctx).Result() })
}

// policy looks at what Redis does when its memory is full.
func (d *Diagnosis) policy(ctx context.Context, client *redis.Client) {
	const name = "redis maxmemory-policy"
	policy, evicts, err := client.Evicts(ctx)
	switch {
	case err != nil:
		d.add(name, GradeFailed, "%v", err)
	case evicts:
		d.add(name, GradeFailed, "%s throws keys away when the memory is full; set it to noeviction", policy)
	case policy == "":
		d.add(name, GradeWarning, "the server does not tell; make sure that it is noeviction")
	default:
		d.add(name, GradeOK, "%s", policy)
	}
}

// judge adds a check: failed with the error, else ok with the text.
func (d *Diagnosis) judge(name string, err error, format string, args ...any) {
	if err != nil {
		d.add(name, GradeFailed, "%v", err)
		return
	}
	d.add(name, GradeOK, format, args...)
}

// clock compares this machine's clock with a server's. The question's way there
// and back is the uncertainty.
func (d *Diagnosis) clock(ctx context.Context, name string, read func(context.Context) (time.Time, error)) {
	asked := time.Now()
	theirs, err := read(ctx)
	if err != nil {
		d.add(name, GradeFailed, "%v", err)
		return
	}
	trip := time.Since(asked)
	off := theirs.Sub(asked.Add(trip / 2))
	grade := clockGrade(max(off.Abs()-trip/2, 0))
	d.add(name, grade, "%s of this machine's, give or take %s", ahead(off.Round(time.Millisecond)), (trip / 2).Round(time.Millisecond))
}

func ahead(off time.Duration) string {
	if off < 0 {
		return off.Abs().String() + " behind"
	}
	return off.String() + " ahead"
}

func clockGrade(off time.Duration) Grade {
	switch {
	case off > clockFailure:
		return GradeFailed
	case off > clockWarning:
		return GradeWarning
	}
	return GradeOK
}
