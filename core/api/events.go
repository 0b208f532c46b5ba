package api

import (
	"net/http"

	"github.com/headrace/headrace/core/api/openapi"
	"github.com/headrace/headrace/core/event"
)

// ListTaskEvents shows one page of the audit trail of a task.
func (h handlers) ListTaskEvents(w http.ResponseWriter, r *http.Request, id openapi.TaskID, params openapi.ListTaskEventsParams) {
	limit, f := pageSize(params.Limit)
	if f != nil {
		h.fail(w, r, f)
		return
	}
	after, f := readCursor(eventCursor, params.Cursor)
	if f != nil {
		h.fail(w, r, f)
		return
	}
	ctx, cancel := h.readContext(r)
	defer cancel()
	t, err := h.find(ctx, r, id)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	events, next, err := h.cfg.Store.TaskEvents(ctx, t.ID, after, limit)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.reply(w, http.StatusOK, plainJSON, page("events", events, (*jsonWriter).event, writeCursor(eventCursor, next)))
}

// event writes an event of the audit log.
func (j *jsonWriter) event(e *event.Event) {
	j.open()
	j.id("id", e.ID)
	j.text("type", string(e.Type))
	j.text("severity", e.Severity.String())
	j.time("timestamp", e.Timestamp)
	j.text("message", e.Message)
	j.raw("metadata", e.Metadata, "{}")
	j.optionalID("correlation_id", e.CorrelationID)
	j.optionalID("parent_event_id", e.ParentID)
	j.close()
}
