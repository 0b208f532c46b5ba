package schedule

import (
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// metadata is what the events of a schedule carry.
type metadata struct {
	Schedule string     `json:"schedule"`
	TaskType string     `json:"taskType"`
	Cron     string     `json:"cron"`
	TimeZone string     `json:"timeZone"`
	FireTime *time.Time `json:"fireTime,omitempty"`
	// After and Until bound the fire times that were missed: (After, Until].
	After *time.Time `json:"after,omitempty"`
	Until *time.Time `json:"until,omitempty"`
	// Policy is the misfire policy.
	Policy string `json:"policy,omitempty"`
	// PreviousTask lives still.
	PreviousTask string `json:"previousTask,omitempty"`
	Changed      bool   `json:"changed,omitempty"`
	UserID       string `json:"userId,omitempty"`
	RequestID    string `json:"requestId,omitempty"`
}

func (e *entry) metadata() metadata {
	return metadata{Schedule: e.Name, TaskType: e.TaskType, Cron: e.Cron, TimeZone: e.TimeZone}
}

func instant(t time.Time) *time.Time {
	t = t.UTC()
	return &t
}

func adoptedEvent(e *entry, from time.Time, changed bool) event.Event {
	m := e.metadata()
	m.After, m.Changed = instant(from), changed
	return event.New(event.TaskScheduleAdopted, "schedule in force", m)
}

func missedEvent(e *entry, after, until time.Time) event.Event {
	m := e.metadata()
	m.After, m.Until, m.Policy = instant(after), instant(until), string(e.Misfire)
	return event.New(event.TaskScheduleMissed, "fire times missed", m)
}

func skippedEvent(e *entry, at time.Time) func(previous uuid.UUID) event.Event {
	return func(previous uuid.UUID) event.Event {
		m := e.metadata()
		m.FireTime, m.PreviousTask = instant(at), previous.String()
		return event.New(event.TaskScheduleSkipped, "the previous task lives", m)
	}
}

func pausedEvent(e *entry, by Actor) event.Event {
	return by.event(event.TaskSchedulePaused, "schedule paused", e.metadata())
}

func resumedEvent(e *entry, by Actor) event.Event {
	return by.event(event.TaskScheduleResumed, "schedule resumed", e.metadata())
}

func (a Actor) event(kind event.Type, message string, m metadata) event.Event {
	m.UserID, m.RequestID = a.Name, a.RequestID
	ev := event.New(kind, message, m)
	ev.CorrelationID = a.CorrelationID
	return ev
}

// submission pairs a task with the event that records it.
func submission(e *entry, t *task.Task, at time.Time, by Actor) task.Submission {
	m := t.EventMetadata()
	m.UserID, m.RequestID = t.CreatedBy, by.RequestID
	message := "run now by schedule " + e.Name
	if !at.IsZero() {
		message = "schedule " + e.Name + " fired for " + at.UTC().Format(time.RFC3339)
	}
	return task.Submission{Task: *t, Event: t.Event(event.TaskCreated, message, m)}
}
