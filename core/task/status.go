package task

import (
	"fmt"
	"slices"
)

// Status is where a task stands in its life.
type Status int8

// The statuses. The numbers are stored; they never change their meaning.
const (
	Pending    Status = 0
	Running    Status = 1
	DeadLetter Status = 2
	Completed  Status = 3
	Failed     Status = 4
	Cancelled  Status = 5
)

var statusNames = [...]string{"pending", "running", "dead_letter", "completed", "failed", "cancelled"}

// String returns the name that the API uses.
func (s Status) String() string {
	if s < Pending || s > Cancelled {
		return fmt.Sprintf("status(%d)", int8(s))
	}
	return statusNames[s]
}

// ParseStatus reads a name that String wrote.
func ParseStatus(name string) (Status, error) {
	for i, n := range statusNames {
		if n == name {
			return Status(i), nil
		}
	}
	return 0, fmt.Errorf("unknown status %q", name)
}

// Statuses lists all of them.
func Statuses() []Status {
	return []Status{Pending, Running, DeadLetter, Completed, Failed, Cancelled}
}

// Final tells whether nothing ever leaves the status. Final tasks are kept in
// the history, the others among the living.
func (s Status) Final() bool { return s == Completed || s == Failed || s == Cancelled }

// transitions is the whole life of a task; read only.
var transitions = map[Status][]Status{
	Pending:    {Running, Cancelled, DeadLetter, Failed},
	Running:    {Completed, Failed, DeadLetter, Cancelled, Pending},
	DeadLetter: {Pending},
}

// CanBecome tells whether the life of a task has a step from s to next.
func (s Status) CanBecome(next Status) bool {
	return slices.Contains(transitions[s], next)
}
