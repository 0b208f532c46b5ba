package api

import (
	"net/http"

	"github.com/headrace/headrace/core/tasktype"
)

// ListTypes shows the task types with their limits and their load.
func (h handlers) ListTypes(w http.ResponseWriter, _ *http.Request) {
	types := h.cfg.Types.List()
	body := page("types", types, func(j *jsonWriter, t **tasktype.Type) { j.taskType(*t) }, "")
	h.reply(w, http.StatusOK, plainJSON, body)
}

func (j *jsonWriter) taskType(t *tasktype.Type) {
	j.open()
	j.text("name", t.Name)
	j.text("runs", t.Runs)
	j.text("plugin", t.Plugin)
	j.optionalText("description", t.Description)
	j.number("concurrency", t.Concurrency)
	j.optionalNumber("max_running", t.MaxRunning)
	j.number("running", t.Load())
	j.paused(t)
	j.text("timeout", t.Timeout.String())
	j.key("retry")
	j.open()
	j.number("max", t.Retry.Max)
	j.text("initial", t.Retry.Initial.String())
	j.text("cap", t.Retry.Cap.String())
	j.close()
	j.text("on_failure", t.OnFailure.String())
	j.text("cancel_grace", t.CancelGrace.String())
	j.truth("kill_on_cancel", t.KillOnCancel)
	j.text("priority_mode", string(t.Order))
	j.number("max_payload", t.MaxPayload)
	if t.Payload != nil {
		j.optionalRaw("schema", t.Payload.JSON())
	}
	j.close()
}
