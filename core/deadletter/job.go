package deadletter

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// Filter selects dead letters; empty fields select everything.
type Filter struct {
	Type string
	// Code is that of the error which the task ended in.
	Code string
}

// State is where a job stands.
type State int8

// The states. The numbers are stored.
const (
	Running State = 0
	Ended   State = 1
	Stopped State = 2
)

// String returns the name that the API uses.
func (s State) String() string {
	switch s {
	case Running:
		return "running"
	case Ended:
		return "done"
	case Stopped:
		return "stopped"
	}
	return fmt.Sprintf("state(%d)", int8(s))
}

// Job is a redrive of all dead letters of a filter that were given up before it
// was created.
type Job struct {
	ID     uuid.UUID
	Filter Filter
	// PerSecond is the pace.
	PerSecond int
	State     State
	// Matched is how many dead letters fitted at the start.
	Matched int64
	// Redriven went back to the queue. Skipped did not, since their unique key
	// was held by another task.
	Redriven, Skipped int64
	Created, Updated  time.Time
	// CreatedBy is the principal; RequestID and CorrelationID are of its request.
	CreatedBy, RequestID string
	CorrelationID        uuid.UUID
	// Position is the last id that was looked at.
	Position uuid.UUID
	// NextAt is when the pace allows the next step.
	NextAt time.Time
}

// stepTime is the pace's grain: a step takes what may be redriven in that time.
const stepTime = 250 * time.Millisecond

// StepSize is how many dead letters one step looks at, most at the most.
func (j *Job) StepSize(most int) int {
	grain := int(time.Second / stepTime)
	return min(max((j.PerSecond+grain-1)/grain, 1), most)
}

// Advance moves a job behind the dead letters that a step at now has looked at;
// one that looked at fewer than it could have is the last.
func (j *Job) Advance(looked []task.Task, redriven, size int, now time.Time) {
	if len(looked) > 0 {
		j.Position = looked[len(looked)-1].ID
	}
	j.Redriven += int64(redriven)
	j.Skipped += int64(len(looked) - redriven)
	j.Updated = now
	if j.NextAt.Before(now) {
		j.NextAt = now
	}
	j.NextAt = j.NextAt.Add(time.Duration(redriven) * time.Second / time.Duration(j.PerSecond))
	if len(looked) < size {
		j.State = Ended
	}
}

// StepRequest asks for the next step of a job.
type StepRequest struct {
	ID uuid.UUID
	// Most bounds the tasks of one transaction.
	Most int
	// Redriven makes the event of each task, Ended that of the last step.
	Redriven func(Job, *task.Task) event.Event
	Ended    func(Job) event.Event
}

// Step is what one step did.
type Step struct {
	// Job is as it stands now; of one that is gone the state is Stopped.
	Job Job
	// Tasks were redriven.
	Tasks []task.Task
	// Wait is how long the pace asks to wait, by the store's clock.
	Wait time.Duration
}
