package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/sdk/fault"
)

// What a submission may hold besides its payload. The numbers keep a row of
// the store small enough to be read in groups; nothing in the engine breaks
// with larger ones.
const (
	maxDescription = 4096
	maxMetadata    = 64 << 10
	maxUniqueKey   = 255
	maxRetries     = 1000
)

// ErrTooLarge is inside the fault of a payload above its limit.
var ErrTooLarge = errors.New("the payload is too large")

// Prepare checks an item and makes the task of it, without any I/O. The fault
// says what the submitter has to change.
func (in *Intake) Prepare(item Item, origin Origin) (task.Task, *fault.Error) {
	typ, ok := in.cfg.Types.Get(item.Type)
	if !ok {
		return task.Task{}, refuse("type", fmt.Sprintf("there is no task type %q", item.Type))
	}
	if len(item.Payload) == 0 {
		item.Payload = json.RawMessage("{}")
	}
	if len(item.Payload) > typ.MaxPayload {
		return task.Task{}, &fault.Error{
			Code: fault.InvalidInput, Msg: "the payload is too large", Err: ErrTooLarge,
			Details: map[string]any{"limit": typ.MaxPayload, "size": len(item.Payload)},
		}
	}
	if f := checkForm(&item); f != nil {
		return task.Task{}, f
	}
	if f := typ.Payload.Check(item.Payload); f != nil {
		return task.Task{}, f
	}
	return makeTask(&item, typ, origin), nil
}

// checkForm checks everything that does not depend on the type.
func checkForm(item *Item) *fault.Error {
	switch {
	case utf8.RuneCountInString(item.Description) > maxDescription:
		return refuse("description", fmt.Sprintf("at most %d characters", maxDescription))
	case len(item.Metadata) > maxMetadata:
		return refuse("metadata", fmt.Sprintf("at most %d bytes", maxMetadata))
	case len(item.Metadata) > 0 && bytes.TrimSpace(item.Metadata)[0] != '{':
		return refuse("metadata", "must be an object")
	case len(item.UniqueKey) > maxUniqueKey:
		return refuse("unique_key", fmt.Sprintf("at most %d bytes", maxUniqueKey))
	case item.MaxRetries != nil && (*item.MaxRetries < 0 || *item.MaxRetries > maxRetries):
		return refuse("max_retries", fmt.Sprintf("0 to %d", maxRetries))
	case item.Priority != nil && (*item.Priority < task.Low || *item.Priority > task.Critical):
		return refuse("priority", "LOW, MEDIUM, HIGH, CRITICAL or 0 to 3")
	}
	return checkTimes(item)
}

// checkTimes refuses times that the store cannot keep or that exclude any run.
func checkTimes(item *Item) *fault.Error {
	for field, at := range map[string]time.Time{"run_at": item.RunAt, "deadline": item.Deadline} {
		if !at.IsZero() && (at.Year() < 1970 || at.Year() > 9999) {
			return refuse(field, "must lie between the years 1970 and 9999")
		}
	}
	if !item.RunAt.IsZero() && !item.Deadline.IsZero() && !item.RunAt.Before(item.Deadline) {
		return refuse("deadline", "must be after run_at")
	}
	return nil
}

func refuse(field, why string) *fault.Error {
	return &fault.Error{
		Code: fault.ValidationError, Msg: field + ": " + why,
		Details: map[string]any{"fields": map[string]any{"/" + field: why}},
	}
}

// makeTask fills the defaults. Microseconds are what both stores keep.
func makeTask(item *Item, typ *tasktype.Type, origin Origin) task.Task {
	id := task.NewID()
	t := task.Task{
		ID: id, Type: typ.Name, Status: task.Pending, Priority: task.Medium,
		Description: item.Description, Payload: item.Payload, Metadata: item.Metadata,
		Created: task.CreatedAt(id), Updated: task.CreatedAt(id),
		RunAt: item.RunAt.UTC().Truncate(time.Microsecond), Deadline: item.Deadline.UTC().Truncate(time.Microsecond),
		MaxRetries: typ.Retry.Max, UniqueKey: item.UniqueKey,
		CorrelationID: origin.CorrelationID, CreatedBy: origin.Principal, Traceparent: origin.Traceparent,
	}
	if item.Priority != nil {
		t.Priority = *item.Priority
	}
	if item.MaxRetries != nil {
		t.MaxRetries = *item.MaxRetries
	}
	return t
}
