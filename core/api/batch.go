package api

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/headrace/headrace/core/api/openapi"
	"github.com/headrace/headrace/core/api/strictjson"
	"github.com/headrace/headrace/core/intake"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

const (
	// maxBatch is the most tasks of one batch.
	maxBatch = 1000
	// maxRefusals is how many refusals of an atomic batch are named.
	maxRefusals = 100
)

// SubmitBatch accepts many tasks, each with its own fate or all together.
func (h handlers) SubmitBatch(w http.ResponseWriter, r *http.Request, params openapi.SubmitBatchParams) {
	body, err := readBody(w, r, batchBody)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.submit(w, r, params.IdempotencyKey, body, func(memo *task.Idempotency) (answer, error) {
		return h.submitBatch(r, body, memo)
	})
}

func (a *API) submitBatch(r *http.Request, body json.RawMessage, memo *task.Idempotency) (answer, error) {
	documents, atomic, f := readBatch(body)
	if f != nil {
		return answer{}, f
	}
	origin := exchangeOf(r).origin(r)
	b := a.prepareBatch(documents, origin)
	if atomic && len(b.tasks) < len(documents) {
		return answer{}, b.refusal(b.prepared())
	}
	if len(b.tasks) == 0 {
		return b.render(nil), nil
	}
	if memo != nil {
		memo.Render = func(fates []task.InsertResult) (int, []byte) {
			ans := b.render(b.results(fates))
			return ans.status, ans.body
		}
	}
	results, err := a.cfg.Intake.Submit(r.Context(), intake.Batch{Tasks: b.tasks, Origin: origin, Atomic: atomic, Idempotency: memo})
	if err != nil {
		return answer{}, err
	}
	if atomic && anyRefused(results) {
		return answer{}, b.refusal(results)
	}
	return b.render(results), nil
}

// readBatch takes the body apart.
func readBatch(body json.RawMessage) (documents []json.RawMessage, atomic bool, f *fault.Error) {
	if strictjson.KindOf(body) != strictjson.Object {
		return nil, false, badFields(map[string]any{"": "must be an object"})
	}
	s := submission{}
	for key, value := range strictjson.Members(body) {
		kind := strictjson.KindOf(value)
		switch {
		case key == "tasks" && kind == strictjson.Array:
			documents = elements(value)
		case key == "tasks":
			s.refuse(key, "must be an array")
		case key == "atomic" && kind == strictjson.Bool:
			atomic = string(value) == "true"
		case key == "atomic":
			s.refuse(key, "must be true or false")
		default:
			s.refuse(key, "unknown field")
		}
	}
	if n := len(documents); (n < 1 || n > maxBatch) && s.wrong["/tasks"] == nil {
		s.refuse("tasks", fmt.Sprintf("must have 1 to %d elements", maxBatch))
	}
	if len(s.wrong) > 0 {
		return nil, false, badFields(s.wrong)
	}
	return documents, atomic, nil
}

// elements collects one more than a batch may have, which is enough to refuse it.
func elements(array json.RawMessage) (list []json.RawMessage) {
	for element := range strictjson.Elements(array) {
		if list = append(list, element); len(list) > maxBatch {
			break
		}
	}
	return list
}

// batch is a request's tasks between reading and answering.
type batch struct {
	// tasks are those that intake prepared, reasons why each of them will wait.
	tasks   []task.Task
	reasons []string
	// refused has an entry for each document: nil for one of tasks.
	refused []*fault.Error
}

func (a *API) prepareBatch(documents []json.RawMessage, origin intake.Origin) *batch {
	b := &batch{
		tasks: make([]task.Task, 0, len(documents)), reasons: make([]string, 0, len(documents)),
		refused: make([]*fault.Error, len(documents)),
	}
	for i, document := range documents {
		item, f := readSubmission(document)
		var t task.Task
		if f == nil {
			t, f = a.cfg.Intake.Prepare(item, origin)
		}
		if f != nil {
			b.refused[i] = f
			continue
		}
		b.tasks = append(b.tasks, t)
		b.reasons = append(b.reasons, a.waitReason(&t))
	}
	return b
}

// results joins the tasks with their fates.
func (b *batch) results(fates []task.InsertResult) []intake.Result {
	results := make([]intake.Result, len(fates))
	for i, fate := range fates {
		results[i] = intake.ResultOf(b.tasks[i], fate)
	}
	return results
}

// prepared are results of tasks that were never handed over.
func (b *batch) prepared() []intake.Result {
	results := make([]intake.Result, len(b.tasks))
	for i := range b.tasks {
		results[i].Task = b.tasks[i]
	}
	return results
}

// render writes the answer; results has an entry for each of b.tasks.
func (b *batch) render(results []intake.Result) answer {
	j := jsonWriter{buf: make([]byte, 0, b.size())}
	j.open()
	next := 0
	j.list("results", len(b.refused), func(i int) {
		j.open()
		defer j.close()
		if f := b.refused[i]; f != nil {
			j.key("error")
			j.refused(f)
			return
		}
		result, reason := &results[next], b.reasons[next]
		next++
		if result.Err != nil {
			j.key("error")
			j.refused(result.Err)
			return
		}
		j.key("task")
		j.task(&result.Task, reason)
	})
	j.close()
	return answer{http.StatusOK, j.buf}
}

func (b *batch) size() int {
	size := taskBytes * (len(b.refused) + 1)
	for i := range b.tasks {
		size += len(b.tasks[i].Payload) + len(b.tasks[i].Metadata)
	}
	return size
}

func anyRefused(results []intake.Result) bool {
	for i := range results {
		if results[i].Err != nil {
			return true
		}
	}
	return false
}

// refusal says why nothing of an atomic batch was created.
func (b *batch) refusal(results []intake.Result) *fault.Error {
	wrong := map[string]any{}
	next := 0
	for i, f := range b.refused {
		if f == nil {
			f = results[next].Err
			next++
		}
		if f != nil && len(wrong) < maxRefusals {
			why := map[string]any{"code": f.Code, "message": f.Msg}
			if len(f.Details) > 0 {
				why["details"] = f.Details
			}
			wrong[fmt.Sprintf("/tasks/%d", i)] = why
		}
	}
	return &fault.Error{
		Code: fault.ValidationError, Msg: "nothing was created: the batch is atomic, and tasks of it were refused",
		Details: map[string]any{"fields": wrong},
	}
}
