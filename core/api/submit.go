package api

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/headrace/headrace/core/api/openapi"
	"github.com/headrace/headrace/core/intake"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

// SubmitTask accepts one task.
func (h handlers) SubmitTask(w http.ResponseWriter, r *http.Request, params openapi.SubmitTaskParams) {
	body, err := readBody(w, r, int64(h.cfg.MaxPayload)+envelope)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.submit(w, r, params.IdempotencyKey, body, func(memo *task.Idempotency) (answer, error) {
		return h.submitOne(r, body, memo)
	})
}

func (a *API) submitOne(r *http.Request, body json.RawMessage, memo *task.Idempotency) (answer, error) {
	item, f := readSubmission(body)
	if f != nil {
		return answer{}, f
	}
	origin := exchangeOf(r).origin(r)
	t, f := a.cfg.Intake.Prepare(item, origin)
	if f != nil {
		return answer{}, unprepared(f)
	}
	reason := a.waitReason(&t)
	// What is remembered and what is answered are written by the same function
	// from the same values, so a replay is the first answer to the letter.
	render := func(t *task.Task) answer {
		j := jsonWriter{buf: make([]byte, 0, taskBytes+len(t.Payload))}
		j.task(t, reason)
		return answer{http.StatusCreated, j.buf}
	}
	if memo != nil {
		memo.Render = func([]task.InsertResult) (int, []byte) {
			ans := render(&t)
			return ans.status, ans.body
		}
	}
	results, err := a.cfg.Intake.Submit(r.Context(), intake.Batch{Tasks: []task.Task{t}, Origin: origin, Idempotency: memo})
	switch {
	case err != nil:
		return answer{}, err
	case results[0].Err != nil:
		return answer{}, uninserted(results[0].Err)
	}
	return render(&results[0].Task), nil
}

// unprepared gives the refusal of a payload above its limit its own status.
func unprepared(f *fault.Error) error {
	if errors.Is(f, intake.ErrTooLarge) {
		return refuse(http.StatusRequestEntityTooLarge, f)
	}
	return f
}

// uninserted: what was well formed and still refused met a state that forbids it.
func uninserted(f *fault.Error) error {
	if f.Code == fault.InvalidInput {
		return refuse(http.StatusConflict, f)
	}
	return f
}
