package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/deadletter"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// CreateRedrive stores a job with its event; ok is false when most jobs run
// already.
func (s *Store) CreateRedrive(
	ctx context.Context, job deadletter.Job, most int, ev func(deadletter.Job) event.Event,
) (created deadletter.Job, ok bool, err error) {
	err = s.write(ctx, "create redrive", func(ctx context.Context, b *batch) error {
		if err := checkTexts(job.Filter.Type, job.Filter.Code, job.CreatedBy, job.RequestID); err != nil {
			return err
		}
		running, err := collect(ctx, b.stmt(ctx, qRunningRedrives), scanID)
		if err != nil || len(running) >= most {
			return err
		}
		if job.Matched, err = b.count(ctx, qCountDead, job.Filter.Type, job.Filter.Code); err != nil {
			return err
		}
		_, err = b.exec(ctx, qCreateRedrive, job.ID[:], b.now.UnixMicro(), uuid.Nil[:], idBytes(job.CorrelationID),
			job.Matched, job.PerSecond, job.Filter.Type, job.Filter.Code, job.CreatedBy, job.RequestID)
		if err != nil {
			return err
		}
		if created, ok, err = first(ctx, b.stmt(ctx, qGetRedrive), scanJob, job.ID[:]); err != nil {
			return err
		}
		e := ev(created)
		return b.writeEvent(ctx, qInsertEvent, &e)
	})
	return created, ok && err == nil, err
}

func scanJob(row scanner) (j deadletter.Job, err error) {
	var created, updated, nextAt sql.NullInt64
	err = row.Scan(&j.ID, &created, &updated, &nextAt, &j.Position, &j.CorrelationID, &j.Matched, &j.Redriven,
		&j.Skipped, &j.PerSecond, &j.State, &j.Filter.Type, &j.Filter.Code, &j.CreatedBy, &j.RequestID)
	if err != nil {
		return j, fmt.Errorf("scan redrive: %w", err)
	}
	j.Created, j.Updated, j.NextAt = timeOf(created), timeOf(updated), timeOf(nextAt)
	return j, nil
}

// RedriveJob finds a job.
func (s *Store) RedriveJob(ctx context.Context, id uuid.UUID) (deadletter.Job, bool, error) {
	job, found, err := first(ctx, s.readers.stmts[qGetRedrive], scanJob, id[:])
	if err != nil {
		return deadletter.Job{}, false, fmt.Errorf("find redrive %s: %w", id, err)
	}
	return job, found, nil
}

// RunningRedrives lists the jobs that are not at their end, oldest first.
func (s *Store) RunningRedrives(ctx context.Context) ([]uuid.UUID, error) {
	ids, err := s.ids(ctx, qRunningRedrives)
	if err != nil {
		return nil, fmt.Errorf("list redrives: %w", err)
	}
	return ids, nil
}

func (b *batch) saveJob(ctx context.Context, j *deadletter.Job) error {
	n, err := b.exec(ctx, qUpdateRedrive, j.ID[:], j.Updated.UnixMicro(), j.NextAt.UnixMicro(), j.Position[:],
		j.Redriven, j.Skipped, int64(j.State))
	if err == nil && n != 1 {
		return fmt.Errorf("redrive %s changed within its transaction", j.ID)
	}
	return err
}

// StopRedrive ends a running job with its event.
func (s *Store) StopRedrive(
	ctx context.Context, id uuid.UUID, ev func(deadletter.Job) event.Event,
) (job deadletter.Job, found bool, err error) {
	err = s.write(ctx, "stop redrive", func(ctx context.Context, b *batch) (err error) {
		job, found, err = first(ctx, b.stmt(ctx, qGetRedrive), scanJob, id[:])
		if err != nil || !found || job.State != deadletter.Running {
			return err
		}
		job.State, job.Updated = deadletter.Stopped, b.now.UTC()
		if err := b.saveJob(ctx, &job); err != nil {
			return err
		}
		e := ev(job)
		return b.writeEvent(ctx, qInsertEvent, &e)
	})
	return job, found && err == nil, err
}

// StepRedrive takes the next dead letters of a job, unless the pace forbids it.
func (s *Store) StepRedrive(ctx context.Context, req deadletter.StepRequest) (step deadletter.Step, err error) {
	err = s.write(ctx, "step redrive", func(ctx context.Context, b *batch) (err error) {
		step, err = b.stepRedrive(ctx, &req)
		return err
	})
	if err != nil {
		return deadletter.Step{}, err
	}
	return step, nil
}

func (b *batch) stepRedrive(ctx context.Context, req *deadletter.StepRequest) (deadletter.Step, error) {
	job, found, err := first(ctx, b.stmt(ctx, qGetRedrive), scanJob, req.ID[:])
	switch {
	case err != nil:
		return deadletter.Step{}, err
	case !found:
		return deadletter.Step{Job: deadletter.Job{ID: req.ID, State: deadletter.Stopped}}, nil
	case job.State != deadletter.Running || b.now.Before(job.NextAt):
		return deadletter.Step{Job: job, Wait: job.NextAt.Sub(b.now)}, nil
	}
	size := job.StepSize(req.Most)
	looked, err := collect(ctx, b.stmt(ctx, qNextDead), scanTask, job.Position[:], job.Created.UnixMicro(),
		job.Filter.Type, job.Filter.Code, size)
	if err != nil {
		return deadletter.Step{}, err
	}
	tasks, err := b.redriveAll(ctx, looked, func(t *task.Task) event.Event { return req.Redriven(job, t) })
	if err != nil {
		return deadletter.Step{}, err
	}
	job.Advance(looked, len(tasks), size, b.now.UTC())
	if err := b.saveJob(ctx, &job); err != nil {
		return deadletter.Step{}, err
	}
	if job.State == deadletter.Ended {
		e := req.Ended(job)
		err = b.writeEvent(ctx, qInsertEvent, &e)
	}
	return deadletter.Step{Job: job, Tasks: tasks, Wait: job.NextAt.Sub(b.now)}, err
}

// ForgetRedrives deletes jobs that ended longer ago than age.
func (s *Store) ForgetRedrives(ctx context.Context, age time.Duration) error {
	return s.write(ctx, "forget redrives", func(ctx context.Context, b *batch) error {
		_, err := b.exec(ctx, qForgetRedrives, b.now.Add(-age).UnixMicro())
		return err
	})
}
