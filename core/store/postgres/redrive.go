package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/headrace/headrace/core/deadletter"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// redrivesLock is the key of the transaction lock that those who add a redrive
// take, so that they count one after the other.
const redrivesLock = 0x68725f726564 // "hr_red"

// CreateRedrive stores a job with its event; ok is false when most jobs run
// already.
func (s *Store) CreateRedrive(
	ctx context.Context, job deadletter.Job, most int, ev func(deadletter.Job) event.Event,
) (created deadletter.Job, ok bool, err error) {
	err = s.inTx(ctx, "create redrive", func(tx pgx.Tx) ([]event.Event, error) {
		created, ok = deadletter.Job{}, false
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", redrivesLock); err != nil {
			return nil, err
		}
		var running int
		if err := tx.QueryRow(ctx, s.queries[qCountRedrives]).Scan(&running); err != nil || running >= most {
			return nil, err
		}
		var err error
		created, ok, err = first(ctx, tx, scanJob, s.queries[qCreateRedrive], [16]byte(job.ID), job.Filter.Type,
			job.Filter.Code, job.PerSecond, job.CreatedBy, job.RequestID, reference(job.CorrelationID))
		if err != nil {
			return nil, err
		}
		return []event.Event{ev(created)}, nil
	})
	return created, ok && err == nil, err
}

// jobRow receives the columns of a redrive.
type jobRow struct {
	job         deadletter.Job
	correlation pgtype.UUID
}

func (r *jobRow) targets() []any {
	j := &r.job
	return []any{
		(*[16]byte)(&j.ID), &j.Created, &j.Updated, &j.NextAt, (*[16]byte)(&j.Position), &r.correlation,
		&j.Matched, &j.Redriven, &j.Skipped, &j.PerSecond, (*int8)(&j.State),
		&j.Filter.Type, &j.Filter.Code, &j.CreatedBy, &j.RequestID,
	}
}

func (r *jobRow) finish() deadletter.Job {
	j := r.job
	j.Created, j.Updated, j.NextAt = j.Created.UTC(), j.Updated.UTC(), j.NextAt.UTC()
	j.CorrelationID = r.correlation.Bytes
	return j
}

func scanJob(row pgx.CollectableRow) (deadletter.Job, error) {
	var r jobRow
	if err := row.Scan(r.targets()...); err != nil {
		return deadletter.Job{}, fmt.Errorf("scan redrive: %w", err)
	}
	return r.finish(), nil
}

// RedriveJob finds a job.
func (s *Store) RedriveJob(ctx context.Context, id uuid.UUID) (deadletter.Job, bool, error) {
	job, found, err := first(ctx, s.readers, scanJob, s.queries[qGetRedrive], [16]byte(id))
	if err != nil {
		return deadletter.Job{}, false, fail("find redrive", err)
	}
	return job, found, nil
}

// RunningRedrives lists the jobs that are not at their end, oldest first.
func (s *Store) RunningRedrives(ctx context.Context) ([]uuid.UUID, error) {
	ids, err := collect(ctx, s.readers, scanID, s.queries[qRunningRedrives])
	if err != nil {
		return nil, fail("list redrives", err)
	}
	return ids, nil
}

// lockedJob is a job whose row a transaction holds, and the time.
type lockedJob struct {
	job deadletter.Job
	now time.Time
}

func (s *Store) lockJob(ctx context.Context, tx pgx.Tx, id uuid.UUID) (lockedJob, bool, error) {
	return first(ctx, tx, func(row pgx.CollectableRow) (l lockedJob, err error) {
		var r jobRow
		if err := row.Scan(append([]any{&l.now}, r.targets()...)...); err != nil {
			return l, fmt.Errorf("scan redrive: %w", err)
		}
		l.job, l.now = r.finish(), l.now.UTC()
		return l, nil
	}, s.queries[qLockRedrive], [16]byte(id))
}

func (s *Store) saveJob(ctx context.Context, tx pgx.Tx, j *deadletter.Job) error {
	return exactlyOne(tx.Exec(ctx, s.queries[qUpdateRedrive], [16]byte(j.ID), j.Updated, j.NextAt,
		[16]byte(j.Position), j.Redriven, j.Skipped, int16(j.State)))
}

// StopRedrive ends a running job with its event.
func (s *Store) StopRedrive(
	ctx context.Context, id uuid.UUID, ev func(deadletter.Job) event.Event,
) (job deadletter.Job, found bool, err error) {
	err = s.inTx(ctx, "stop redrive", func(tx pgx.Tx) ([]event.Event, error) {
		locked, ok, err := s.lockJob(ctx, tx, id)
		job, found = locked.job, ok
		if err != nil || !ok || job.State != deadletter.Running {
			return nil, err
		}
		job.State, job.Updated = deadletter.Stopped, locked.now
		return []event.Event{ev(job)}, s.saveJob(ctx, tx, &job)
	})
	return job, found && err == nil, err
}

// StepRedrive takes the next dead letters of a job, unless the pace forbids it.
func (s *Store) StepRedrive(ctx context.Context, req deadletter.StepRequest) (step deadletter.Step, err error) {
	err = s.inTx(ctx, "step redrive", func(tx pgx.Tx) (events []event.Event, err error) {
		step, events, err = s.stepRedrive(ctx, tx, &req)
		return events, err
	})
	if err != nil {
		return deadletter.Step{}, err
	}
	return step, nil
}

func (s *Store) stepRedrive(ctx context.Context, tx pgx.Tx, req *deadletter.StepRequest) (deadletter.Step, []event.Event, error) {
	locked, found, err := s.lockJob(ctx, tx, req.ID)
	job := locked.job
	switch {
	case err != nil:
		return deadletter.Step{}, nil, err
	case !found:
		return deadletter.Step{Job: deadletter.Job{ID: req.ID, State: deadletter.Stopped}}, nil, nil
	case job.State != deadletter.Running || locked.now.Before(job.NextAt):
		return deadletter.Step{Job: job, Wait: job.NextAt.Sub(locked.now)}, nil, nil
	}
	size := job.StepSize(req.Most)
	looked, err := collect(ctx, tx, scanTask, s.queries[qNextDead], [16]byte(job.Position), job.Created,
		optional(job.Filter.Type), optional(job.Filter.Code), size)
	if err != nil {
		return deadletter.Step{}, nil, err
	}
	tasks, events, err := s.redriveAll(ctx, tx, looked, func(t *task.Task) event.Event { return req.Redriven(job, t) })
	if err != nil {
		return deadletter.Step{}, nil, err
	}
	job.Advance(looked, len(tasks), size, locked.now)
	if job.State == deadletter.Ended {
		events = append(events, req.Ended(job))
	}
	return deadletter.Step{Job: job, Tasks: tasks, Wait: job.NextAt.Sub(locked.now)}, events, s.saveJob(ctx, tx, &job)
}

// ForgetRedrives deletes jobs that ended longer ago than age.
func (s *Store) ForgetRedrives(ctx context.Context, age time.Duration) error {
	if _, err := s.control.Exec(ctx, s.queries[qForgetRedrives], age); err != nil {
		return fail("forget redrives", err)
	}
	return nil
}
