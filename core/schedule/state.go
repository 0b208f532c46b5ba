package schedule

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// State is what the store knows of a schedule.
type State struct {
	Name string
	// Hash is that of the expression and the zone which Position belongs to.
	Hash string
	// Position is the time up to which all fire times are dealt with. It only
	// moves forward, and that is what makes a fire time unique.
	Position time.Time
	// LastFire is the latest fire time that made a task, LastTask the latest task,
	// also of `run now`; zero: none yet.
	LastFire time.Time
	LastTask uuid.UUID
	// PausedAt is when it was paused, PausedBy by whom; zero: it is not.
	PausedAt time.Time
	PausedBy string
}

// Paused tells whether somebody has paused the schedule.
func (s *State) Paused() bool { return !s.PausedAt.IsZero() }

// Outcome is what the store made of a Fire.
type Outcome int

// The outcomes of a Fire.
const (
	// Fired: the task is stored.
	Fired Outcome = iota
	// Already: the fire time was dealt with before, by this node or another.
	Already
	// Overlapped: the previous task lives; the fire time is over, with an event.
	Overlapped
	// Held: the schedule is paused.
	Held
	// Stale: the schedule is unknown, or has another hash by now.
	Stale
)

// Fire asks the store for the one task of a fire time.
type Fire struct {
	Name, Hash string
	// At is the fire time, which becomes the position; zero: run now, whatever the
	// position, hash and pause are.
	At time.Time
	// NoOverlap: no task while the previous one of the schedule is pending or
	// running; then Skipped is recorded.
	NoOverlap bool
	Task      task.Submission
	// Skipped is the event of a fire time that makes no task.
	Skipped func(previous uuid.UUID) event.Event
}

// Store keeps the schedules. What it changes it records in the same transaction.
type Store interface {
	// Schedules lists all states, by name.
	Schedules(ctx context.Context) ([]State, error)
	// AdoptSchedule begins a schedule, or one that has another hash, at its
	// position, or where it stands when that is later. One with the same hash stays
	// as it is, without an event.
	AdoptSchedule(ctx context.Context, s State, adopted event.Event) error
	// FireSchedule makes the task of a fire time: task, its event and the position
	// in one transaction.
	FireSchedule(ctx context.Context, f Fire) (Outcome, error)
	// PassSchedule moves the position to a time without a task, with the event;
	// the outcome is Fired, or why nothing was done.
	PassSchedule(ctx context.Context, name, hash string, to time.Time, missed event.Event) (Outcome, error)
	// PauseSchedule pauses a schedule; one that is paused stays as it is, without
	// an event. found is false when there is none.
	PauseSchedule(ctx context.Context, name, by string, at time.Time, paused event.Event) (found bool, err error)
	// ResumeSchedule ends the pause and moves the position to at: what fell into
	// the pause does not fire. One that is not paused stays as it is.
	ResumeSchedule(ctx context.Context, name string, at time.Time, resumed event.Event) (found bool, err error)
}

// Judge tells what becomes of the fire, the task before it left aside. A store
// calls it while nobody else can change st; nil: there is no such schedule.
func (f *Fire) Judge(st *State) Outcome {
	switch {
	case st == nil:
		return Stale
	case f.At.IsZero():
		return Fired
	case st.Hash != f.Hash:
		return Stale
	case !f.At.After(st.Position):
		return Already
	case st.Paused():
		return Held
	}
	return Fired
}

// Done changes the state as a fire does that made its task.
func (f *Fire) Done(st *State) {
	f.Pass(st)
	st.LastTask = f.Task.Task.ID
	if !f.At.IsZero() {
		st.LastFire = f.At
	}
}

// Pass changes the state as a fire does that makes no task.
func (f *Fire) Pass(st *State) {
	if f.At.After(st.Position) {
		st.Position = f.At
	}
}

// Resume ends a pause: what fell into it does not fire.
func (s *State) Resume(at time.Time) {
	s.PausedAt, s.PausedBy = time.Time{}, ""
	if at.After(s.Position) {
		s.Position = at
	}
}
