package deadletter

import (
	"github.com/google/uuid"

	"github.com/headrace/headrace/core/archive"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// Asker is who wants something, and by which request; the zero value is the
// engine itself.
type Asker struct {
	Principal, RequestID string
	CorrelationID        uuid.UUID
}

// taskEvent makes an event about a dead letter. Its parent request is the
// asker's, or that of the submission when the engine acts by itself.
func (a Asker) taskEvent(kind event.Type, t *task.Task, message, reason string) event.Event {
	metadata := t.EventMetadata()
	metadata.UserID, metadata.RequestID, metadata.Reason = a.Principal, a.RequestID, reason
	if t.Error != nil {
		metadata.Code = string(t.Error.Code)
	}
	e := t.Event(kind, message, metadata)
	if a.CorrelationID != uuid.Nil {
		e.CorrelationID = a.CorrelationID
	}
	return e
}

func (a Asker) redriven(reason string) func(*task.Task) event.Event {
	return func(t *task.Task) event.Event {
		return a.taskEvent(event.TaskRedriven, t, "dead letter went back to the queue", reason)
	}
}

func (a Asker) removed(t *task.Task) event.Event {
	return a.taskEvent(event.TaskDeadLetterRemoved, t, "dead letter removed", "")
}

// evicted makes the event of an eviction; reason is why.
func (a Asker) evicted(reason string) func(*task.Task) event.Event {
	return func(t *task.Task) event.Event {
		return a.taskEvent(event.TaskDeadLetterEvicted, t, "dead letter evicted", reason)
	}
}

// jobMetadata is what the events of a job carry.
type jobMetadata struct {
	ResourceID uuid.UUID `json:"resourceId"`
	TaskType   string    `json:"taskType,omitempty"`
	Code       string    `json:"code,omitempty"`
	PerSecond  int       `json:"perSecond"`
	Matched    int64     `json:"matched"`
	Redriven   int64     `json:"redriven"`
	Skipped    int64     `json:"skipped"`
	UserID     string    `json:"userId,omitempty"`
	RequestID  string    `json:"requestId,omitempty"`
}

func (a Asker) jobEvent(kind event.Type, message string, j Job) event.Event {
	e := event.New(kind, message, jobMetadata{
		ResourceID: j.ID, TaskType: j.Filter.Type, Code: j.Filter.Code, PerSecond: j.PerSecond,
		Matched: j.Matched, Redriven: j.Redriven, Skipped: j.Skipped, UserID: a.Principal, RequestID: a.RequestID,
	})
	e.CorrelationID = j.CorrelationID
	return e
}

func (a Asker) started(j Job) event.Event {
	return a.jobEvent(event.RecoveryRedriveStarted, "redrive of dead letters started", j)
}

func (a Asker) stopped(j Job) event.Event {
	return a.jobEvent(event.RecoveryRedriveStopped, "redrive of dead letters stopped", j)
}

// asker is who created a job.
func (j *Job) asker() Asker {
	return Asker{Principal: j.CreatedBy, RequestID: j.RequestID, CorrelationID: j.CorrelationID}
}

func jobEnded(j Job) event.Event {
	return j.asker().jobEvent(event.RecoveryRedriveEnded, "redrive of dead letters is done", j)
}

func jobRedrove(j Job, t *task.Task) event.Event {
	return j.asker().redriven("redrive " + j.ID.String())(t)
}

// archived is the event of a file in the archive.
func archived(f archive.File) event.Event {
	return event.New(event.DataArchiveWritten, "dead letters archived", struct {
		File    string `json:"file"`
		SHA256  string `json:"sha256"`
		Records int    `json:"records"`
	}{f.Name, f.SHA256, f.Records})
}
