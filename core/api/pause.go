package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/headrace/headrace/core/api/strictjson"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/sdk/fault"
)

// Pauses pauses and resumes task types on all nodes.
type Pauses interface {
	Pause(ctx context.Context, p tasktype.Pause, by tasktype.Actor) (tasktype.Pause, error)
	Resume(ctx context.Context, name string, by tasktype.Actor) error
}

const (
	// pauseBody bounds the body that pauses a type.
	pauseBody = 64 << 10
	// maxReason is the longest reason in characters.
	maxReason = 1000
)

// PauseType pauses a type, or changes the pause that stands.
func (h handlers) PauseType(w http.ResponseWriter, r *http.Request, name string) {
	typ, err := h.typeNamed(name)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	pause, err := h.readPause(w, r, typ.Name)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	ctx, cancel := h.readContext(r)
	defer cancel()
	_, err = h.cfg.Pauses.Pause(ctx, pause, actorOf(r))
	h.tellType(w, r, typ, err)
}

// ResumeType ends the pause of a type; one that is not paused stays so.
func (h handlers) ResumeType(w http.ResponseWriter, r *http.Request, name string) {
	typ, err := h.typeNamed(name)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	ctx, cancel := h.readContext(r)
	defer cancel()
	h.tellType(w, r, typ, h.cfg.Pauses.Resume(ctx, typ.Name, actorOf(r)))
}

// typeNamed finds a type of this node.
func (a *API) typeNamed(name string) (*tasktype.Type, error) {
	typ, found := a.cfg.Types.Get(name)
	if !found {
		return nil, fault.New(fault.NotFound, "there is no such task type")
	}
	return typ, nil
}

// tellType answers with a type as it is after a change.
func (a *API) tellType(w http.ResponseWriter, r *http.Request, typ *tasktype.Type, err error) {
	if err != nil {
		a.fail(w, r, err)
		return
	}
	j := jsonWriter{}
	j.taskType(typ)
	a.reply(w, http.StatusOK, plainJSON, j.buf)
}

// actorOf is who asks, for the audit log.
func actorOf(r *http.Request) tasktype.Actor {
	x := exchangeOf(r)
	return tasktype.Actor{Name: x.principal.Name, RequestID: x.requestID, CorrelationID: correlationID(r, x.requestID)}
}

// readPause reads the body that pauses a type.
func (a *API) readPause(w http.ResponseWriter, r *http.Request, name string) (tasktype.Pause, error) {
	body, err := readBody(w, r, pauseBody)
	if err != nil {
		return tasktype.Pause{}, err
	}
	pause := tasktype.Pause{Type: name}
	if wrong := pauseFields(body, a.cfg.Now(), &pause); len(wrong) > 0 {
		return tasktype.Pause{}, badFields(wrong)
	}
	return pause, nil
}

// pauseFields reads the fields of a pause, and names those that do not fit.
func pauseFields(body json.RawMessage, now time.Time, into *tasktype.Pause) map[string]any {
	if strictjson.KindOf(body) != strictjson.Object {
		return map[string]any{"": "must be an object"}
	}
	var s submission
	for key, value := range strictjson.Members(body) {
		switch key {
		case "reason":
			s.text(key, value, &into.Reason)
		case "until":
			s.time(key, value, &into.Until)
		default:
			s.refuse(key, "unknown field")
		}
	}
	switch {
	case into.Reason == "" && s.wrong["/reason"] == nil:
		s.refuse("reason", "is needed: whoever meets the pause wants to know why")
	case utf8.RuneCountInString(into.Reason) > maxReason:
		s.refuse("reason", fmt.Sprintf("must have at most %d characters", maxReason))
	}
	switch {
	case into.Until.IsZero():
	case !into.Until.After(now):
		s.refuse("until", "must lie in the future")
	case into.Until.Year() > 9999:
		s.refuse("until", "must lie before the year 10000")
	}
	return s.wrong
}

// paused writes the state of a type.
func (j *jsonWriter) paused(t *tasktype.Type) {
	pause, paused := t.Paused()
	j.truth("paused", paused)
	if !paused {
		return
	}
	j.key("pause")
	j.open()
	j.text("reason", pause.Reason)
	j.text("by", pause.By)
	j.time("since", pause.Since)
	j.optionalTime("until", pause.Until)
	j.close()
}
