package deadletter

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// ErrUnknown says that there is no such dead letter, or no such redrive.
var ErrUnknown = errors.New("there is no such dead letter")

// ErrBusy says that as many redrives run as may.
var ErrBusy = fmt.Errorf("%d redrives run already", jobsMost)

// NotDeadError says that a task is no dead letter.
type NotDeadError struct {
	Status task.Status
}

// Error says what it is instead.
func (e *NotDeadError) Error() string {
	return "the task is no dead letter: it is " + e.Status.String()
}

// UniqueTakenError says that another task holds the unique key.
type UniqueTakenError struct {
	// Holder is uuid.Nil when it ended meanwhile.
	Holder uuid.UUID
}

// Error names no key: it may be a secret of the submitter.
func (e *UniqueTakenError) Error() string { return "another task holds the unique key" }

const (
	// jobsMost bounds the redrives that run at the same time.
	jobsMost = 16
	// DefaultPace is the redrives a second where none is asked for.
	DefaultPace = 100
	// MostPace is the most redrives a second that can be asked for.
	MostPace = 10_000
)

// Desk is where people's wishes about dead letters are carried out.
type Desk struct {
	cfg DeskConfig
}

// DeskConfig of a Desk. Everything is required.
type DeskConfig struct {
	Store  DeskStore
	Offers Offers
	// Started is called when there is a new job.
	Started func()
}

// NewDesk makes a Desk.
func NewDesk(cfg DeskConfig) (*Desk, error) {
	if cfg.Store == nil || cfg.Offers == nil || cfg.Started == nil {
		return nil, errors.New("deadletter: a desk needs a store, offers and somebody to tell of jobs")
	}
	return &Desk{cfg: cfg}, nil
}

// Retry sends one dead letter back to the queue and returns the task. The error
// may be ErrUnknown, a *NotDeadError or a *UniqueTakenError. The limit of the
// automatic retry does not bind people.
func (d *Desk) Retry(ctx context.Context, id uuid.UUID, by Asker) (task.Task, error) {
	changed, err := d.cfg.Store.Redrive(ctx, Change{ID: id, Event: by.redriven("")})
	if err != nil {
		return task.Task{}, err
	}
	if err := refused(&changed); err != nil {
		return task.Task{}, err
	}
	offer(d.cfg.Offers, changed.Task)
	return changed.Task, nil
}

// Remove deletes one dead letter. The error may be ErrUnknown or a
// *NotDeadError.
func (d *Desk) Remove(ctx context.Context, id uuid.UUID, by Asker) error {
	changed, err := d.cfg.Store.RemoveDead(ctx, Change{ID: id, Event: by.removed})
	if err != nil {
		return err
	}
	return refused(&changed)
}

// refused turns an outcome into an error.
func refused(c *Changed) error {
	switch c.Outcome {
	case Unknown:
		return ErrUnknown
	case NotDead:
		return &NotDeadError{Status: c.Task.Status}
	case UniqueTaken:
		return &UniqueTakenError{Holder: c.Holder}
	case Done:
	}
	return nil
}

// Count returns how many dead letters a filter selects.
func (d *Desk) Count(ctx context.Context, f Filter) (int64, error) {
	return d.cfg.Store.CountDead(ctx, f)
}

// Start begins a redrive of all dead letters of a filter; perSecond 0 is
// DefaultPace. The error may be ErrBusy.
func (d *Desk) Start(ctx context.Context, f Filter, perSecond int, by Asker) (Job, error) {
	if perSecond == 0 {
		perSecond = DefaultPace
	}
	if perSecond < 1 || perSecond > MostPace {
		return Job{}, fmt.Errorf("deadletter: a pace of %d a second", perSecond)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Job{}, fmt.Errorf("name the redrive: %w", err)
	}
	job, ok, err := d.cfg.Store.CreateRedrive(ctx, Job{
		ID: id, Filter: f, PerSecond: perSecond,
		CreatedBy: by.Principal, RequestID: by.RequestID, CorrelationID: by.CorrelationID,
	}, jobsMost, by.started)
	if err != nil {
		return Job{}, err
	}
	if !ok {
		return Job{}, ErrBusy
	}
	d.cfg.Started()
	return job, nil
}

// Job finds a redrive; the error may be ErrUnknown.
func (d *Desk) Job(ctx context.Context, id uuid.UUID) (Job, error) {
	job, found, err := d.cfg.Store.RedriveJob(ctx, id)
	if err == nil && !found {
		err = ErrUnknown
	}
	return job, err
}

// Stop ends a redrive and returns it as it stands; what has gone back to the
// queue stays there. The error may be ErrUnknown.
func (d *Desk) Stop(ctx context.Context, id uuid.UUID, by Asker) (Job, error) {
	job, found, err := d.cfg.Store.StopRedrive(ctx, id, func(j Job) event.Event { return by.stopped(j) })
	if err == nil && !found {
		err = ErrUnknown
	}
	return job, err
}
