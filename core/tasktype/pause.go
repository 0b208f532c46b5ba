package tasktype

import (
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
)

// Pause is a standing order for all nodes: nothing of a type is claimed.
type Pause struct {
	// Type is the name of the type.
	Type string
	// Reason is what the one who paused it says.
	Reason string
	// By is the principal who paused it.
	By string
	// Since is when the pause began, by the store's clock.
	Since time.Time
	// Until is when it ends by itself; zero: when somebody ends it.
	Until time.Time
}

// pauseMetadata is what the events of a pause carry.
type pauseMetadata struct {
	TaskType string     `json:"taskType"`
	Reason   string     `json:"reason"`
	PausedBy string     `json:"pausedBy"`
	Since    time.Time  `json:"since"`
	Until    *time.Time `json:"until,omitempty"`
	// Ended says how: "resumed" by somebody, "until" by the clock.
	Ended     string `json:"ended,omitempty"`
	UserID    string `json:"userId,omitempty"`
	RequestID string `json:"requestId,omitempty"`
}

func (p *Pause) metadata() pauseMetadata {
	m := pauseMetadata{TaskType: p.Type, Reason: p.Reason, PausedBy: p.By, Since: p.Since.UTC()}
	if !p.Until.IsZero() {
		until := p.Until.UTC()
		m.Until = &until
	}
	return m
}

// Actor is who changes a pause, and in which request.
type Actor struct {
	Name, RequestID string
	CorrelationID   uuid.UUID
}

// event records what the actor has done.
func (a Actor) event(kind event.Type, message string, m pauseMetadata) event.Event {
	m.UserID, m.RequestID = a.Name, a.RequestID
	e := event.New(kind, message, m)
	e.CorrelationID = a.CorrelationID
	return e
}

// pausedEvent records the begin or the change of a pause.
func pausedEvent(p Pause, by Actor) event.Event {
	return by.event(event.TaskTypePaused, "task type paused", p.metadata())
}

// resumedEvent records that somebody ended a pause.
func resumedEvent(p Pause, by Actor) event.Event {
	m := p.metadata()
	m.Ended = "resumed"
	return by.event(event.TaskTypeResumed, "task type resumed", m)
}

// endedEvent records that a pause ended by itself.
func endedEvent(p Pause) event.Event {
	m := p.metadata()
	m.Ended = "until"
	return event.New(event.TaskTypeResumed, "the pause of the task type ended", m)
}

// Paused tells whether the type is paused, as far as this node knows, and why.
func (t *Type) Paused() (Pause, bool) {
	if p := t.pause.Load(); p != nil {
		return *p, true
	}
	return Pause{}, false
}

// setPause notes the pause of the type, nil for none; changed tells whether it is
// paused now and was not before, or the other way round.
func (t *Type) setPause(p *Pause) (changed bool) {
	return (t.pause.Swap(p) == nil) != (p == nil)
}
