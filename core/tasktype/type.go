package tasktype

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// Type is one `task` block of the configuration. It does not change after New;
// only its load and its pause do.
type Type struct {
	Settings
	// load counts the attempts of the type that this node has claimed and
	// whose plugin has not answered yet.
	load atomic.Int64
	// pause is what the store said last of the type; nil: it is not paused.
	pause atomic.Pointer[Pause]
}

// Settings are what the configuration says of a type.
type Settings struct {
	// Name is public; Runs is the plugin's name for it.
	Name, Runs string
	// Plugin is the slot that runs it.
	Plugin string
	// Description comes from the plugin.
	Description string
	// Concurrency is the most attempts at a time on this node.
	Concurrency int
	// MaxRunning is the most attempts at a time on all nodes together; 0: no limit.
	MaxRunning int
	// Timeout of one attempt.
	Timeout time.Duration
	Retry   Retry
	// OnFailure is DeadLetter or Failed.
	OnFailure task.Status
	// CancelGrace is how long a cancelled attempt may take to end.
	CancelGrace time.Duration
	// KillOnCancel ends the plugin's process when the grace is over.
	KillOnCancel bool
	// Order of the priorities.
	Order Order
	// MaxPayload in bytes.
	MaxPayload int
	// Payload checks payloads; nil: anything goes.
	Payload *Schema
}

// Retry is when a failed attempt is followed by another one: after a random
// time between 0 and min(Cap, Initial × 2ⁿ), n the retries spent ("full
// jitter", Brooker, AWS Architecture Blog 2015).
type Retry struct {
	Max          int
	Initial, Cap time.Duration
}

// Order is how the priorities of a type share its attempts.
type Order string

const (
	// Weighted serves CRITICAL, HIGH, MEDIUM and LOW 8:4:2:1 while all wait.
	Weighted Order = "weighted"
	// Strict serves a priority only when none above it waits.
	Strict Order = "strict"
)

// New checks settings and makes a type of them.
func New(s Settings) (*Type, error) {
	switch {
	case s.Name == "" || s.Runs == "" || s.Plugin == "":
		return nil, errors.New("a task type needs a name, a plugin and a plugin's type")
	case s.Concurrency < 1:
		return nil, fmt.Errorf("task type %q: concurrency must be at least 1", s.Name)
	case s.MaxRunning < 0:
		return nil, fmt.Errorf("task type %q: max_running must not be negative", s.Name)
	case s.Timeout <= 0 || s.CancelGrace < 0 || s.Retry.Initial < 0 || s.Retry.Cap < 0:
		return nil, fmt.Errorf("task type %q: a time is negative or missing", s.Name)
	case s.Retry.Max < 0:
		return nil, fmt.Errorf("task type %q: retries must not be negative", s.Name)
	case s.OnFailure != task.DeadLetter && s.OnFailure != task.Failed:
		return nil, fmt.Errorf("task type %q: a failed task becomes dead_letter or failed", s.Name)
	case s.Order != Weighted && s.Order != Strict:
		return nil, fmt.Errorf("task type %q: unknown order of priorities %q", s.Name, s.Order)
	case s.MaxPayload < 1:
		return nil, fmt.Errorf("task type %q: the largest payload must be at least 1 byte", s.Name)
	}
	return &Type{Settings: s}, nil
}

// Places is how many attempts of the type this node may have at a time.
func (t *Type) Places() int {
	if t.MaxRunning > 0 {
		return min(t.Concurrency, t.MaxRunning)
	}
	return t.Concurrency
}

// GiveUp tells how a task of the type ends that has failed for good. A nil type,
// one that is configured no more, keeps its failures as dead letters.
func (t *Type) GiveUp() (to task.Status, kind event.Type, message string) {
	if t != nil && t.OnFailure == task.Failed {
		return task.Failed, event.TaskFailed, "task failed"
	}
	return task.DeadLetter, event.TaskDeadLettered, "task given up"
}

// Take reserves up to n attempts and returns how many there was room for.
func (t *Type) Take(n int) int {
	for {
		load := t.load.Load()
		room := min(int64(n), int64(t.Concurrency)-load)
		if room <= 0 {
			return 0
		}
		if t.load.CompareAndSwap(load, load+room) {
			return int(room)
		}
	}
}

// Give returns n reserved attempts.
func (t *Type) Give(n int) { t.load.Add(-int64(n)) }

// Load is how many attempts are reserved now.
func (t *Type) Load() int { return int(t.load.Load()) }
