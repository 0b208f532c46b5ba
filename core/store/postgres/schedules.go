package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/schedule"
	"github.com/headrace/headrace/core/task"
)

// Schedules lists all schedules by name.
func (s *Store) Schedules(ctx context.Context) ([]schedule.State, error) {
	list, err := collect(ctx, s.readers, scanSchedule, s.queries[qListSchedules])
	if err != nil {
		return nil, fail("list schedules", err)
	}
	return list, nil
}

// AdoptSchedule begins a schedule, or one that has another hash, with its event.
func (s *Store) AdoptSchedule(ctx context.Context, st schedule.State, adopted event.Event) error {
	return s.inTx(ctx, "adopt schedule", func(tx pgx.Tx) ([]event.Event, error) {
		tag, err := tx.Exec(ctx, s.queries[qAdoptSchedule], st.Name, st.Hash, instant(st.Position))
		if err != nil || tag.RowsAffected() == 0 {
			return nil, err
		}
		return []event.Event{adopted}, nil
	})
}

// FireSchedule makes the task of a fire time with its event, unless that was
// done before, and moves the position, in one transaction.
func (s *Store) FireSchedule(ctx context.Context, f schedule.Fire) (outcome schedule.Outcome, err error) {
	err = s.changeSchedule(ctx, "fire schedule", f.Name, func(tx pgx.Tx, st *schedule.State) (change, error) {
		outcome = f.Judge(st)
		if outcome != schedule.Fired {
			return change{}, nil
		}
		if f.NoOverlap && st.LastTask != uuid.Nil {
			lives, _, err := first(ctx, tx, pgx.RowTo[bool], s.queries[qTaskLives], [16]byte(st.LastTask))
			if err != nil {
				return change{}, err
			}
			if lives {
				outcome = schedule.Overlapped
				skipped := f.Skipped(st.LastTask)
				f.Pass(st)
				return change{save: true, event: &skipped}, nil
			}
		}
		f.Done(st)
		_, err := s.insertTasks(ctx, tx, []task.Submission{f.Task}, []int{0})
		return change{save: true}, err
	}, f.Task.Event.ID)
	return outcome, err
}

// PassSchedule moves the position without a task, with the event.
func (s *Store) PassSchedule(
	ctx context.Context, name, hash string, to time.Time, missed event.Event,
) (outcome schedule.Outcome, err error) {
	f := schedule.Fire{Name: name, Hash: hash, At: to}
	err = s.changeSchedule(ctx, "pass schedule", name, func(_ pgx.Tx, st *schedule.State) (change, error) {
		if outcome = f.Judge(st); outcome != schedule.Fired {
			return change{}, nil
		}
		f.Pass(st)
		return change{save: true, event: &missed}, nil
	})
	return outcome, err
}

// PauseSchedule pauses a schedule with its event; found is false when there is
// none.
func (s *Store) PauseSchedule(
	ctx context.Context, name, by string, at time.Time, paused event.Event,
) (found bool, err error) {
	err = s.changeSchedule(ctx, "pause schedule", name, func(_ pgx.Tx, st *schedule.State) (change, error) {
		if found = st != nil; !found || st.Paused() {
			return change{}, nil
		}
		st.PausedAt, st.PausedBy = at, by
		return change{save: true, event: &paused}, nil
	})
	return found, err
}

// ResumeSchedule ends the pause of a schedule with its event; found is false
// when there is none.
func (s *Store) ResumeSchedule(
	ctx context.Context, name string, at time.Time, resumed event.Event,
) (found bool, err error) {
	err = s.changeSchedule(ctx, "resume schedule", name, func(_ pgx.Tx, st *schedule.State) (change, error) {
		if found = st != nil; !found || !st.Paused() {
			return change{}, nil
		}
		st.Resume(at)
		return change{save: true, event: &resumed}, nil
	})
	return found, err
}

// change is what a transaction does to a schedule.
type change struct {
	// save: the state is written.
	save bool
	// event goes with it; nil: it is written already.
	event *event.Event
}

// changeSchedule holds the row of a schedule while do decides; the state is nil
// when there is none. more are ids of events that do writes itself.
func (s *Store) changeSchedule(
	ctx context.Context, op, name string, do func(tx pgx.Tx, st *schedule.State) (change, error), more ...uuid.UUID,
) error {
	ids := more
	return s.write(ctx, op, func() []uuid.UUID { return ids }, func() error {
		return pgx.BeginFunc(ctx, s.control, func(tx pgx.Tx) error {
			var st *schedule.State
			locked, found, err := first(ctx, tx, scanSchedule, s.queries[qLockSchedule], name)
			if err != nil {
				return err
			}
			if found {
				st = &locked
			}
			c, err := do(tx, st)
			if err != nil || !c.save {
				return err
			}
			if err := s.saveSchedule(ctx, tx, st); err != nil || c.event == nil {
				return err
			}
			ids = append(slices.Clip(more), c.event.ID)
			return s.insertEvents(ctx, tx, *c.event)
		})
	})
}

func (s *Store) saveSchedule(ctx context.Context, tx pgx.Tx, st *schedule.State) error {
	_, err := tx.Exec(ctx, s.queries[qSaveSchedule], st.Name, instant(st.Position), instant(st.LastFire),
		reference(st.LastTask), instant(st.PausedAt), st.PausedBy)
	return err
}

func scanSchedule(row pgx.CollectableRow) (st schedule.State, err error) {
	var lastFire, pausedAt pgtype.Timestamptz
	var lastTask pgtype.UUID
	err = row.Scan(&st.Name, &st.Hash, &st.Position, &lastFire, &lastTask, &pausedAt, &st.PausedBy)
	st.Position, st.LastFire, st.PausedAt = st.Position.UTC(), timeOf(lastFire), timeOf(pausedAt)
	st.LastTask = lastTask.Bytes
	return st, err
}
