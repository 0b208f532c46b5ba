package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/tasktype"
)

// PauseType begins a pause or changes the one that stands, with its event.
func (s *Store) PauseType(
	ctx context.Context, p tasktype.Pause, record func(tasktype.Pause) event.Event,
) (standing tasktype.Pause, err error) {
	if err := checkTexts(p.Type, p.Reason, p.By); err != nil {
		return tasktype.Pause{}, err
	}
	err = s.write(ctx, "pause task type", func(ctx context.Context, b *batch) (err error) {
		standing, _, err = first(ctx, b.stmt(ctx, qPauseType), scanPause,
			p.Type, p.Reason, p.By, b.now.UnixMicro(), micros(p.Until))
		if err != nil {
			return err
		}
		e := record(standing)
		return b.writeEvent(ctx, qInsertEvent, &e)
	})
	if err != nil {
		return tasktype.Pause{}, err
	}
	return standing, nil
}

// ResumeType ends a pause with its event; ok is false when none stood.
func (s *Store) ResumeType(ctx context.Context, name string, record func(tasktype.Pause) event.Event) (ok bool, err error) {
	ended, err := s.endPauses(ctx, "resume task type", record, qResumeType, func(*batch) any { return name })
	return len(ended) > 0, err
}

// EndPauses ends the pauses whose time is over, each with its event.
func (s *Store) EndPauses(ctx context.Context, record func(tasktype.Pause) event.Event) ([]tasktype.Pause, error) {
	return s.endPauses(ctx, "end pauses", record, qEndPauses, func(b *batch) any { return b.now.UnixMicro() })
}

// endPauses runs a statement that removes pauses and takes one value.
func (s *Store) endPauses(
	ctx context.Context, op string, record func(tasktype.Pause) event.Event, q query, arg func(*batch) any,
) (ended []tasktype.Pause, err error) {
	err = s.write(ctx, op, func(ctx context.Context, b *batch) (err error) {
		if ended, err = collect(ctx, b.stmt(ctx, q), scanPause, arg(b)); err != nil {
			return err
		}
		for i := range ended {
			e := record(ended[i])
			if err := b.writeEvent(ctx, qInsertEvent, &e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ended, nil
}

// Pauses lists the pauses that stand, by type.
func (s *Store) Pauses(ctx context.Context) ([]tasktype.Pause, error) {
	pauses, err := collect(ctx, s.readers.stmts[qListPauses], scanPause)
	if err != nil {
		return nil, fmt.Errorf("list pauses: %w", err)
	}
	return pauses, nil
}

func scanPause(row scanner) (p tasktype.Pause, err error) {
	var since, until sql.NullInt64
	if err := row.Scan(&p.Type, &p.Reason, &p.By, &since, &until); err != nil {
		return tasktype.Pause{}, fmt.Errorf("scan pause: %w", err)
	}
	p.Since, p.Until = timeOf(since), timeOf(until)
	return p, nil
}
