package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/schedule"
)

// Schedules lists all schedules by name.
func (s *Store) Schedules(ctx context.Context) ([]schedule.State, error) {
	list, err := collect(ctx, s.readers.stmts[qListSchedules], scanSchedule)
	if err != nil {
		return nil, fmt.Errorf("list schedules: %w", err)
	}
	return list, nil
}

// AdoptSchedule begins a schedule, or one that has another hash, with its event.
func (s *Store) AdoptSchedule(ctx context.Context, st schedule.State, adopted event.Event) error {
	if err := checkTexts(st.Name, st.Hash); err != nil {
		return err
	}
	return s.write(ctx, "adopt schedule", func(ctx context.Context, b *batch) error {
		n, err := b.exec(ctx, qAdoptSchedule, st.Name, st.Hash, st.Position.UnixMicro())
		if err != nil || n == 0 {
			return err
		}
		return b.writeEvent(ctx, qInsertEvent, &adopted)
	})
}

// FireSchedule makes the task of a fire time with its event, unless that was
// done before, and moves the position, in one transaction.
func (s *Store) FireSchedule(ctx context.Context, f schedule.Fire) (outcome schedule.Outcome, err error) {
	err = s.changeSchedule(ctx, "fire schedule", f.Name, func(ctx context.Context, b *batch, st *schedule.State) (save bool, err error) {
		if outcome = f.Judge(st); outcome != schedule.Fired {
			return false, nil
		}
		if f.NoOverlap && st.LastTask != uuid.Nil {
			living, err := b.count(ctx, qTaskLives, st.LastTask[:])
			if err != nil {
				return false, err
			}
			if living > 0 {
				outcome = schedule.Overlapped
				skipped := f.Skipped(st.LastTask)
				f.Pass(st)
				return true, b.writeEvent(ctx, qInsertEvent, &skipped)
			}
		}
		f.Done(st)
		_, err = b.insertOne(ctx, &f.Task)
		return true, err
	})
	return outcome, err
}

// PassSchedule moves the position without a task, with the event.
func (s *Store) PassSchedule(
	ctx context.Context, name, hash string, to time.Time, missed event.Event,
) (outcome schedule.Outcome, err error) {
	f := schedule.Fire{Name: name, Hash: hash, At: to}
	err = s.changeSchedule(ctx, "pass schedule", name, func(ctx context.Context, b *batch, st *schedule.State) (bool, error) {
		if outcome = f.Judge(st); outcome != schedule.Fired {
			return false, nil
		}
		f.Pass(st)
		return true, b.writeEvent(ctx, qInsertEvent, &missed)
	})
	return outcome, err
}

// PauseSchedule pauses a schedule with its event; found is false when there is
// none.
func (s *Store) PauseSchedule(
	ctx context.Context, name, by string, at time.Time, paused event.Event,
) (found bool, err error) {
	if err := checkTexts(by); err != nil {
		return false, err
	}
	err = s.changeSchedule(ctx, "pause schedule", name, func(ctx context.Context, b *batch, st *schedule.State) (bool, error) {
		if found = st != nil; !found || st.Paused() {
			return false, nil
		}
		st.PausedAt, st.PausedBy = at, by
		return true, b.writeEvent(ctx, qInsertEvent, &paused)
	})
	return found, err
}

// ResumeSchedule ends the pause of a schedule with its event; found is false
// when there is none.
func (s *Store) ResumeSchedule(
	ctx context.Context, name string, at time.Time, resumed event.Event,
) (found bool, err error) {
	err = s.changeSchedule(ctx, "resume schedule", name, func(ctx context.Context, b *batch, st *schedule.State) (bool, error) {
		if found = st != nil; !found || !st.Paused() {
			return false, nil
		}
		st.Resume(at)
		return true, b.writeEvent(ctx, qInsertEvent, &resumed)
	})
	return found, err
}

// changeSchedule shows do a schedule, nil when there is none, and writes it
// when do says so. The writer is alone, so no row has to be held.
func (s *Store) changeSchedule(
	ctx context.Context, op, name string, do func(context.Context, *batch, *schedule.State) (save bool, err error),
) error {
	return s.write(ctx, op, func(ctx context.Context, b *batch) error {
		var st *schedule.State
		current, found, err := first(ctx, b.stmt(ctx, qGetSchedule), scanSchedule, name)
		if err != nil {
			return err
		}
		if found {
			st = &current
		}
		save, err := do(ctx, b, st)
		if err != nil || !save {
			return err
		}
		_, err = b.exec(ctx, qSaveSchedule, st.Name, micros(st.Position), micros(st.LastFire), idBytes(st.LastTask),
			micros(st.PausedAt), st.PausedBy)
		return err
	})
}

func scanSchedule(row scanner) (st schedule.State, err error) {
	var position, lastFire, pausedAt sql.NullInt64
	var lastTask uuid.NullUUID
	if err := row.Scan(&st.Name, &st.Hash, &position, &lastFire, &lastTask, &pausedAt, &st.PausedBy); err != nil {
		return schedule.State{}, fmt.Errorf("scan schedule: %w", err)
	}
	st.Position, st.LastFire, st.PausedAt = timeOf(position), timeOf(lastFire), timeOf(pausedAt)
	st.LastTask = lastTask.UUID
	return st, nil
}
