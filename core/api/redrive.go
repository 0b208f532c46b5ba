package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/headrace/headrace/core/api/openapi"
	"github.com/headrace/headrace/core/api/strictjson"
	"github.com/headrace/headrace/core/deadletter"
	"github.com/headrace/headrace/sdk/fault"
)

// redriveBody bounds the body of a redrive.
const redriveBody = 64 << 10

// StartRedrive counts or retries all dead letters of a filter.
func (h handlers) StartRedrive(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r, redriveBody)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	order, f := readRedrive(body)
	if f != nil {
		h.fail(w, r, f)
		return
	}
	ctx, cancel := h.readContext(r)
	defer cancel()
	j := jsonWriter{}
	j.open()
	status := http.StatusAccepted
	if order.dryRun {
		status = http.StatusOK
		matched, err := h.cfg.DeadLetters.Count(ctx, order.filter) //nolint:contextcheck // it is the request's, with a limit
		if err != nil {
			h.fail(w, r, err)
			return
		}
		j.number("matched", int(matched))
	} else {
		job, err := h.cfg.DeadLetters.Start(ctx, order.filter, order.perSecond, asker(r)) //nolint:contextcheck // it is the request's, with a limit
		if err != nil {
			h.fail(w, r, deadLetterFault(err))
			return
		}
		w.Header()["Location"] = []string{"/api/dlq/redrives/" + job.ID.String()}
		j.id("id", job.ID)
		j.number("matched", int(job.Matched))
	}
	j.close()
	h.reply(w, status, plainJSON, j.buf)
}

// GetRedrive shows how far a redrive is.
func (h handlers) GetRedrive(w http.ResponseWriter, r *http.Request, text openapi.RedriveID) {
	ctx, cancel := h.readContext(r)
	defer cancel()
	id, err := deadLetterID(text)
	var job deadletter.Job
	if err == nil {
		job, err = h.cfg.DeadLetters.Job(ctx, id)
	}
	h.tellJob(w, r, &job, err)
}

// StopRedrive ends a redrive.
func (h handlers) StopRedrive(w http.ResponseWriter, r *http.Request, text openapi.RedriveID) {
	ctx, cancel := h.readContext(r)
	defer cancel()
	id, err := deadLetterID(text)
	var job deadletter.Job
	if err == nil {
		job, err = h.cfg.DeadLetters.Stop(ctx, id, asker(r))
	}
	h.tellJob(w, r, &job, err)
}

func (h handlers) tellJob(w http.ResponseWriter, r *http.Request, job *deadletter.Job, err error) {
	if err != nil {
		h.fail(w, r, deadLetterFault(err))
		return
	}
	j := jsonWriter{}
	j.redrive(job)
	h.reply(w, http.StatusOK, plainJSON, j.buf)
}

func (j *jsonWriter) redrive(job *deadletter.Job) {
	j.open()
	j.id("id", job.ID)
	j.text("state", job.State.String())
	j.key("filter")
	j.open()
	j.optionalText("type", job.Filter.Type)
	j.optionalText("code", job.Filter.Code)
	j.close()
	j.number("per_second", job.PerSecond)
	j.number("matched", int(job.Matched))
	j.number("redriven", int(job.Redriven))
	j.number("skipped", int(job.Skipped))
	j.time("created", job.Created)
	j.time("updated", job.Updated)
	j.text("created_by", job.CreatedBy)
	j.close()
}

// redriveOrder is the body of a redrive.
type redriveOrder struct {
	filter    deadletter.Filter
	dryRun    bool
	perSecond int
	wrong     map[string]any
}

// readRedrive reads a checked document, and names each field that does not fit.
func readRedrive(document json.RawMessage) (redriveOrder, *fault.Error) {
	var o redriveOrder
	if strictjson.KindOf(document) != strictjson.Object {
		return o, badFields(map[string]any{"": "must be an object"})
	}
	o.wrong = make(map[string]any)
	for key, value := range strictjson.Members(document) {
		switch key {
		case "filter":
			o.readFilter(value)
		case "dry_run":
			o.dryRun = string(value) == "true"
			if strictjson.KindOf(value) != strictjson.Bool {
				o.wrong["/dry_run"] = "must be true or false"
			}
		case "per_second":
			o.readPace(value)
		default:
			o.wrong["/"+printable(key)] = "unknown field"
		}
	}
	if len(o.wrong) > 0 {
		return o, badFields(o.wrong)
	}
	return o, nil
}

func (o *redriveOrder) readFilter(document json.RawMessage) {
	if strictjson.KindOf(document) != strictjson.Object {
		o.wrong["/filter"] = "must be an object"
		return
	}
	for key, value := range strictjson.Members(document) {
		at := "/filter/" + printable(key)
		isText := strictjson.KindOf(value) == strictjson.String
		switch {
		case key == "type" && isText && typeName.MatchString(strictjson.Text(value)):
			o.filter.Type = strictjson.Text(value)
		case key == "type":
			o.wrong[at] = "is not the name of a type"
		case key == "code" && isText && fault.Code(strictjson.Text(value)).Known():
			o.filter.Code = strictjson.Text(value)
		case key == "code":
			o.wrong[at] = "is not an error code"
		default:
			o.wrong[at] = "unknown field"
		}
	}
}

func (o *redriveOrder) readPace(value json.RawMessage) {
	n, err := strconv.Atoi(string(value))
	if err != nil || n < 1 || n > deadletter.MostPace {
		o.wrong["/per_second"] = fmt.Sprintf("must be a whole number from 1 to %d", deadletter.MostPace)
		return
	}
	o.perSecond = n
}
