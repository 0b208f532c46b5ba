package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/tasktype"
)

// PauseType begins a pause or changes the one that stands, with its event.
func (s *Store) PauseType(
	ctx context.Context, p tasktype.Pause, record func(tasktype.Pause) event.Event,
) (standing tasktype.Pause, err error) {
	err = s.inTx(ctx, "pause task type", func(tx pgx.Tx) ([]event.Event, error) {
		standing, _, err = first(ctx, tx, scanPause, s.queries[qPauseType], p.Type, p.Reason, p.By, instant(p.Until))
		if err != nil {
			return nil, err
		}
		return []event.Event{record(standing)}, nil
	})
	if err != nil {
		return tasktype.Pause{}, err
	}
	return standing, nil
}

// ResumeType ends a pause with its event; ok is false when none stood.
func (s *Store) ResumeType(ctx context.Context, name string, record func(tasktype.Pause) event.Event) (ok bool, err error) {
	ended, err := s.endPauses(ctx, "resume task type", record, qResumeType, name)
	return len(ended) > 0, err
}

// EndPauses ends the pauses whose time is over, each with its event.
func (s *Store) EndPauses(ctx context.Context, record func(tasktype.Pause) event.Event) ([]tasktype.Pause, error) {
	return s.endPauses(ctx, "end pauses", record, qEndPauses)
}

// endPauses runs a statement that removes pauses.
func (s *Store) endPauses(
	ctx context.Context, op string, record func(tasktype.Pause) event.Event, q query, args ...any,
) (ended []tasktype.Pause, err error) {
	err = s.inTx(ctx, op, func(tx pgx.Tx) ([]event.Event, error) {
		if ended, err = collect(ctx, tx, scanPause, s.queries[q], args...); err != nil {
			return nil, err
		}
		events := make([]event.Event, len(ended))
		for i := range ended {
			events[i] = record(ended[i])
		}
		return events, nil
	})
	if err != nil {
		return nil, err
	}
	return ended, nil
}

// Pauses lists the pauses that stand, by type.
func (s *Store) Pauses(ctx context.Context) ([]tasktype.Pause, error) {
	pauses, err := collect(ctx, s.readers, scanPause, s.queries[qListPauses])
	if err != nil {
		return nil, fail("list pauses", err)
	}
	return pauses, nil
}

func scanPause(row pgx.CollectableRow) (p tasktype.Pause, err error) {
	var until pgtype.Timestamptz
	err = row.Scan(&p.Type, &p.Reason, &p.By, &p.Since, &until)
	p.Since, p.Until = p.Since.UTC(), timeOf(until)
	return p, err
}
