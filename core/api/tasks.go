package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/api/openapi"
	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

// readContext bounds a question to the store.
func (a *API) readContext(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(r.Context(), readLimit, fmt.Errorf("the store did not answer within %s", readLimit))
}

// GetTask shows one task.
func (h handlers) GetTask(w http.ResponseWriter, r *http.Request, id openapi.TaskID) {
	ctx, cancel := h.readContext(r)
	defer cancel()
	t, err := h.find(ctx, r, id)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.reply(w, http.StatusOK, plainJSON, h.encodeTask(&t))
}

// find returns a task that the request may see; what it may not see does not
// exist for it.
func (a *API) find(ctx context.Context, r *http.Request, text string) (task.Task, error) {
	id, ok := parseID(text)
	if !ok {
		return task.Task{}, oneBadParameter("id", "must be a UUID in lower case with hyphens")
	}
	t, found, err := a.cfg.Store.Get(ctx, id)
	if err != nil {
		return task.Task{}, err
	}
	if !found || !exchangeOf(r).sees(t.CreatedBy) {
		return task.Task{}, noSuchTask()
	}
	return t, nil
}

func noSuchTask() *fault.Error { return fault.New(fault.NotFound, "there is no such task") }

// CancelTask ends a pending task and asks for the end of a running one.
func (h handlers) CancelTask(w http.ResponseWriter, r *http.Request, id openapi.TaskID) {
	ctx, cancel := h.readContext(r)
	defer cancel()
	// Whose task it is never changes, so it may be asked before.
	t, err := h.find(ctx, r, id)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	t, outcome, err := h.cfg.Canceller.Cancel(ctx, cancelRequest(t.ID, exchangeOf(r)))
	if err != nil {
		h.fail(w, r, err)
		return
	}
	status, err := cancelAnswer(&t, outcome)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.reply(w, status, plainJSON, h.encodeTask(&t))
}

func cancelRequest(id uuid.UUID, x *exchange) task.CancelRequest {
	record := func(kind event.Type, message string) func(*task.Task) event.Event {
		return func(t *task.Task) event.Event {
			metadata := t.EventMetadata()
			metadata.UserID, metadata.RequestID = x.principal.Name, x.requestID
			return t.Event(kind, message, metadata)
		}
	}
	return task.CancelRequest{
		ID:        id,
		Cancelled: record(event.TaskCancelled, "task cancelled before it ran"),
		Asked:     record(event.TaskCancelRequested, "the end of a running task was asked for"),
	}
}

// cancelAnswer is the status of what a cancellation did.
func cancelAnswer(t *task.Task, outcome task.CancelOutcome) (int, error) {
	switch outcome {
	case task.CancelDone:
		return http.StatusOK, nil
	case task.CancelAsked:
		return http.StatusAccepted, nil
	case task.CancelBefore:
		if t.Status == task.Cancelled {
			return http.StatusOK, nil
		}
		return http.StatusAccepted, nil
	case task.CancelTooLate:
		return 0, refuse(http.StatusConflict, &fault.Error{
			Code: fault.InvalidInput, Msg: "the task has ended: it is " + t.Status.String(),
			Details: map[string]any{"status": t.Status.String()},
		})
	case task.CancelUnknown:
	}
	return 0, noSuchTask()
}

// ListTasks shows one page of tasks.
func (h handlers) ListTasks(w http.ResponseWriter, r *http.Request, params openapi.ListTasksParams) {
	filter, f := readFilter(params, r.URL.Query())
	if f != nil {
		h.fail(w, r, f)
		return
	}
	if x := exchangeOf(r); x.reach == auth.Own {
		filter.CreatedBy = x.principal.Name
	}
	ctx, cancel := h.readContext(r)
	defer cancel()
	found, err := h.cfg.Store.List(ctx, filter)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	body := page("tasks", found.Tasks, func(j *jsonWriter, t *task.Task) { j.task(t, h.waitReason(t)) }, writeCursor(taskCursor, found.Next))
	h.reply(w, http.StatusOK, plainJSON, body)
}

// typeName is what names of types look like.
var typeName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// maxMetadataFilters bounds the metadata keys of one search.
const maxMetadataFilters = 16

// readFilter turns the parameters of a list into a filter.
func readFilter(params openapi.ListTasksParams, query url.Values) (task.Filter, *fault.Error) {
	wrong := map[string]any{}
	filter := task.Filter{
		From: filterTime(params.From, "from", wrong), To: filterTime(params.To, "to", wrong),
		Metadata: metadataFilter(query),
	}
	if params.Type != nil {
		if filter.Type = *params.Type; !typeName.MatchString(filter.Type) {
			wrong["type"] = "is not the name of a type"
		}
	}
	if params.Status != nil {
		status, err := task.ParseStatus(string(*params.Status))
		if err != nil {
			wrong["status"] = "must be pending, running, completed, failed, cancelled or dead_letter"
		}
		filter.Status = &status
	}
	if params.Priority != nil {
		priority, err := task.ParsePriority(*params.Priority)
		if err != nil {
			wrong["priority"] = "must be LOW, MEDIUM, HIGH, CRITICAL or 0 to 3"
		}
		filter.Priority = &priority
	}
	if !filter.From.IsZero() && !filter.To.IsZero() && filter.To.Before(filter.From) {
		wrong["to"] = "lies before from"
	}
	if len(filter.Metadata) > maxMetadataFilters {
		wrong["metadata"] = fmt.Sprintf("at most %d keys", maxMetadataFilters)
	}
	if len(wrong) > 0 {
		return filter, badParameters(wrong)
	}
	return filter, readPosition(params.Limit, params.Cursor, &filter)
}

func readPosition(limit *int, cursor *string, filter *task.Filter) (f *fault.Error) {
	if filter.Limit, f = pageSize(limit); f != nil {
		return f
	}
	filter.Before, f = readCursor(taskCursor, cursor)
	return f
}

func filterTime(text *string, name string, wrong map[string]any) time.Time {
	if text == nil {
		return time.Time{}
	}
	at, err := parseTime(*text)
	if err != nil || at.Year() < 1970 || at.Year() > 9999 {
		wrong[name] = "must be a time such as 2030-01-02T03:04:05Z (RFC 3339); a + has to be written %2B"
	}
	return at
}

// metadataFilter collects the parameters metadata.KEY.
func metadataFilter(query url.Values) map[string]string {
	var filter map[string]string
	for name, values := range query {
		key, found := strings.CutPrefix(name, "metadata.")
		if !found {
			continue
		}
		if filter == nil {
			filter = make(map[string]string)
		}
		filter[key] = values[0]
	}
	return filter
}
