package schedule

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/task"
)

// ErrUnknown says that the configuration has no schedule of that name.
var ErrUnknown = errors.New("there is no such schedule")

// errGone says that a schedule vanished from the store while it was worked on.
var errGone = errors.New("the schedule is gone from the store")

// upcoming is how many fire times a listing shows.
const upcoming = 5

// Status is a schedule as people see it.
type Status struct {
	Settings
	State
	// Next are the coming fire times; none while it is paused.
	Next []time.Time
}

// Actor is who asks something of a schedule, and in which request.
type Actor struct {
	Name, RequestID string
	CorrelationID   uuid.UUID
}

// List shows the schedules of the configuration by name.
func (r *Runner) List(ctx context.Context) ([]Status, error) {
	states, err := r.states(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	list := make([]Status, len(r.entries))
	for i := range r.entries {
		list[i] = statusOf(&r.entries[i], states[r.entries[i].Name], now)
	}
	return list, nil
}

func statusOf(e *entry, st State, now time.Time) Status {
	s := Status{Settings: e.Settings, State: st}
	if !st.Paused() {
		s.Next = e.next(now, upcoming)
	}
	return s
}

// RunNow makes a task at once, also of a paused schedule and while the previous
// task lives; the fire times go on as before.
func (r *Runner) RunNow(ctx context.Context, name string, by Actor) (made task.Task, err error) {
	err = r.known(ctx, name, func(e *entry) (found bool, err error) {
		outcome, t, err := r.fire(ctx, e, time.Time{}, by)
		made = t
		return outcome == Fired, err
	})
	return made, err
}

// Pause keeps a schedule from firing; one that is paused stays as it is.
func (r *Runner) Pause(ctx context.Context, name string, by Actor) (Status, error) {
	return r.change(ctx, name, func(e *entry, now time.Time) (bool, error) {
		return r.cfg.Store.PauseSchedule(ctx, e.Name, by.Name, now, pausedEvent(e, by))
	})
}

// Resume ends a pause. What fell into it does not fire.
func (r *Runner) Resume(ctx context.Context, name string, by Actor) (Status, error) {
	return r.change(ctx, name, func(e *entry, now time.Time) (bool, error) {
		return r.cfg.Store.ResumeSchedule(ctx, e.Name, now, resumedEvent(e, by))
	})
}

func (r *Runner) change(ctx context.Context, name string, do func(e *entry, now time.Time) (bool, error)) (Status, error) {
	var changed *entry
	err := r.known(ctx, name, func(e *entry) (bool, error) {
		changed = e
		return do(e, time.Now().UTC().Truncate(time.Microsecond))
	})
	if err != nil {
		return Status{}, err
	}
	states, err := r.states(ctx)
	if err != nil {
		return Status{}, err
	}
	return statusOf(changed, states[name], time.Now()), nil
}

// known does something with a schedule; one that no leader has adopted yet is
// adopted first.
func (r *Runner) known(ctx context.Context, name string, do func(*entry) (found bool, err error)) error {
	for i := range r.entries {
		e := &r.entries[i]
		if e.Name != name {
			continue
		}
		found, err := do(e)
		if err != nil || found {
			return err
		}
		if err := r.adopt(ctx, e, ""); err != nil {
			return err
		}
		if found, err = do(e); err == nil && !found {
			err = errGone
		}
		return err
	}
	return ErrUnknown
}
