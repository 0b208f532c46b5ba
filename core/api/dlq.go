package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/api/openapi"
	"github.com/headrace/headrace/core/deadletter"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

// DeadLetters carries out what people want of dead letters. The errors are those
// of deadletter.Desk.
type DeadLetters interface {
	Retry(ctx context.Context, id uuid.UUID, by deadletter.Asker) (task.Task, error)
	Remove(ctx context.Context, id uuid.UUID, by deadletter.Asker) error
	Groups(ctx context.Context) (deadletter.Groups, error)
	Count(ctx context.Context, f deadletter.Filter) (int64, error)
	Start(ctx context.Context, f deadletter.Filter, perSecond int, by deadletter.Asker) (deadletter.Job, error)
	Job(ctx context.Context, id uuid.UUID) (deadletter.Job, error)
	Stop(ctx context.Context, id uuid.UUID, by deadletter.Asker) (deadletter.Job, error)
}

// Cleaner evicts dead letters that are too old or too many.
type Cleaner interface {
	Clean(ctx context.Context, by deadletter.Asker) (deadletter.Cleaned, error)
}

// cleanupLimit bounds a clean-up that somebody waits for. What it has not reached
// by then, the regular one does.
const cleanupLimit = 50 * time.Second

// asker is who makes a request, for the audit log.
func asker(r *http.Request) deadletter.Asker {
	x := exchangeOf(r)
	return deadletter.Asker{
		Principal: x.principal.Name, RequestID: x.requestID, CorrelationID: correlationID(r, x.requestID),
	}
}

// deadLetterFault turns an error of the desk into what the caller is told.
func deadLetterFault(err error) error {
	if other, ok := errors.AsType[*deadletter.NotDeadError](err); ok {
		return refuse(http.StatusConflict, &fault.Error{
			Code: fault.InvalidInput, Msg: other.Error(), Details: map[string]any{"status": other.Status.String()},
		})
	}
	if taken, ok := errors.AsType[*deadletter.UniqueTakenError](err); ok {
		f := &fault.Error{Code: fault.InvalidInput, Msg: taken.Error()}
		if taken.Holder != uuid.Nil {
			f.Details = map[string]any{"task_id": taken.Holder.String()}
		}
		return refuse(http.StatusConflict, f)
	}
	switch {
	case errors.Is(err, deadletter.ErrUnknown):
		return fault.New(fault.NotFound, "there is no such dead letter or redrive")
	case errors.Is(err, deadletter.ErrBusy):
		return refuse(http.StatusConflict, &fault.Error{Code: fault.InvalidInput, Msg: err.Error(), RetryAfter: time.Second})
	}
	return err
}

// deadLetterID reads the id of a path.
func deadLetterID(text string) (uuid.UUID, error) {
	id, ok := parseID(text)
	if !ok {
		return id, oneBadParameter("id", "must be a UUID in lower case with hyphens")
	}
	return id, nil
}

// ListDeadLetters shows one page of dead letters.
func (h handlers) ListDeadLetters(w http.ResponseWriter, r *http.Request, params openapi.ListDeadLettersParams) {
	filter, f := readFilter(openapi.ListTasksParams{
		Limit: params.Limit, Cursor: params.Cursor, Type: params.Type, Priority: params.Priority, From: params.From, To: params.To,
	}, r.URL.Query())
	if f != nil {
		h.fail(w, r, f)
		return
	}
	dead := task.DeadLetter
	filter.Status = &dead
	ctx, cancel := h.readContext(r)
	defer cancel()
	found, err := h.cfg.Store.List(ctx, filter)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.reply(w, http.StatusOK, plainJSON, page("tasks", found.Tasks, func(j *jsonWriter, t *task.Task) { j.task(t, "") }, writeCursor(taskCursor, found.Next)))
}

// GetDeadLetter shows one dead letter.
func (h handlers) GetDeadLetter(w http.ResponseWriter, r *http.Request, id openapi.TaskID) {
	ctx, cancel := h.readContext(r)
	defer cancel()
	t, err := h.find(ctx, r, id)
	if err == nil && t.Status != task.DeadLetter {
		err = deadLetterFault(deadletter.ErrUnknown)
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.reply(w, http.StatusOK, plainJSON, h.encodeTask(&t))
}

// RetryDeadLetter sends one dead letter back to the queue.
func (h handlers) RetryDeadLetter(w http.ResponseWriter, r *http.Request, text openapi.TaskID) {
	ctx, cancel := h.readContext(r)
	defer cancel()
	id, err := deadLetterID(text)
	var t task.Task
	if err == nil {
		t, err = h.cfg.DeadLetters.Retry(ctx, id, asker(r))
	}
	if err != nil {
		h.fail(w, r, deadLetterFault(err))
		return
	}
	h.reply(w, http.StatusOK, plainJSON, h.encodeTask(&t))
}

// RemoveDeadLetter deletes one dead letter.
func (h handlers) RemoveDeadLetter(w http.ResponseWriter, r *http.Request, text openapi.TaskID) {
	ctx, cancel := h.readContext(r)
	defer cancel()
	id, err := deadLetterID(text)
	if err == nil {
		err = h.cfg.DeadLetters.Remove(ctx, id, asker(r))
	}
	if err != nil {
		h.fail(w, r, deadLetterFault(err))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// CleanUpDeadLetters evicts what is too old or too many, now.
func (h handlers) CleanUpDeadLetters(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), cleanupLimit)
	defer cancel()
	cleaned, err := h.cfg.Cleaner.Clean(ctx, asker(r))
	if err != nil {
		h.fail(w, r, err)
		return
	}
	j := jsonWriter{}
	j.open()
	j.number("removed", int(cleaned.Removed))
	j.number("remaining", int(cleaned.Remaining))
	j.close()
	h.reply(w, http.StatusOK, plainJSON, j.buf)
}

// ListDeadLetterGroups shows the dead letters by their kind of error.
func (h handlers) ListDeadLetterGroups(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := h.readContext(r)
	defer cancel()
	groups, err := h.cfg.DeadLetters.Groups(ctx) //nolint:contextcheck // it is the request's, with a limit
	if err != nil {
		h.fail(w, r, err)
		return
	}
	j := jsonWriter{}
	j.open()
	j.list("groups", len(groups.List), func(i int) { j.group(&groups.List[i]) })
	if groups.Partial {
		j.truth("partial", true)
	}
	j.close()
	h.reply(w, http.StatusOK, plainJSON, j.buf)
}

func (j *jsonWriter) group(g *deadletter.Group) {
	j.open()
	j.text("fingerprint", g.Fingerprint)
	j.text("type", g.Type)
	j.text("code", g.Code)
	j.text("message", g.Message)
	j.number("count", int(g.Count))
	j.time("oldest", g.Oldest)
	j.time("newest", g.Newest)
	j.id("sample", g.Sample)
	j.close()
}
