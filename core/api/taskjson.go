package api

import (
	"encoding/json"

	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

// task writes a task: the fields of section S1 of the specification, in its
// order; those that are not set are left out.
func (j *jsonWriter) task(t *task.Task, waitReason string) {
	j.open()
	j.id("id", t.ID)
	j.text("type", t.Type)
	j.text("status", t.Status.String())
	j.number("priority", int(t.Priority))
	j.text("description", t.Description)
	j.raw("payload", t.Payload, "{}")
	j.time("created", t.Created)
	j.time("updated", t.Updated)
	j.optionalTime("run_at", t.RunAt)
	j.optionalTime("started_at", t.StartedAt)
	j.optionalTime("completed_at", t.CompletedAt)
	j.optionalTime("deadline", t.Deadline)
	j.number("retry_count", t.RetryCount)
	j.number("max_retries", t.MaxRetries)
	if t.Error != nil {
		j.key("error")
		j.failure(t.Error.Code, t.Error.Message, t.Error.Details)
	}
	j.optionalRaw("result", t.Result)
	j.raw("metadata", t.Metadata, "{}")
	j.alsoShown(t, waitReason)
	j.close()
}

// alsoShown writes the fields that are there only where they say something.
func (j *jsonWriter) alsoShown(t *task.Task, waitReason string) {
	j.optionalNumber("attempt", t.Attempt)
	j.optionalText("wait_reason", waitReason)
	j.optionalNumber("crash_count", t.CrashCount)
	j.optionalNumber("lapse_count", t.LapseCount)
	j.optionalNumber("redrive_count", t.RedriveCount)
	if t.CancelRequested {
		j.truth("cancel_requested", true)
	}
	j.optionalText("unique_key", t.UniqueKey)
	j.optionalID("correlation_id", t.CorrelationID)
	j.optionalText("created_by", t.CreatedBy)
}

// recoveries is the JSON of each code's recovery; read only.
var recoveries = func() map[fault.Code]json.RawMessage {
	texts := make(map[fault.Code]json.RawMessage)
	for _, code := range fault.Codes() {
		text, err := json.Marshal(code.Recovery())
		if err != nil {
			panic(err) // booleans and strings
		}
		texts[code] = text
	}
	return texts
}()

// failure writes an error of section S3. A code that nobody knows is shown as
// what it is treated as.
func (j *jsonWriter) failure(code fault.Code, message string, details json.RawMessage) {
	if !code.Known() {
		code = fault.InternalError
	}
	j.open()
	j.text("code", string(code))
	j.text("message", message)
	j.optionalRaw("details", details)
	j.raw("recovery", recoveries[code], "")
	j.close()
}

// refused writes the error of an entry of a batch.
func (j *jsonWriter) refused(f *fault.Error) {
	message := f.Msg
	if message == "" || f.Code == fault.InternalError {
		message = defaultDetail(f.Code)
	}
	j.failure(f.Code, message, encodeDetails(f.Details))
}

// waitReason asks only about tasks that wait.
func (a *API) waitReason(t *task.Task) string {
	if t.Status != task.Pending {
		return ""
	}
	return a.cfg.WaitReasons.WaitReason(t)
}

// taskBytes is the usual size of a task without its payload.
const taskBytes = 512

func (a *API) encodeTask(t *task.Task) []byte {
	j := jsonWriter{buf: make([]byte, 0, taskBytes+len(t.Payload)+len(t.Result))}
	j.task(t, a.waitReason(t))
	return j.buf
}

// page writes a list: its name, its entries, and where the next page begins.
func page[T any](name string, entries []T, write func(*jsonWriter, *T), next string) []byte {
	j := jsonWriter{buf: make([]byte, 0, taskBytes*(len(entries)+1))}
	j.open()
	j.list(name, len(entries), func(i int) { write(&j, &entries[i]) })
	j.optionalText("next_cursor", next)
	j.close()
	return j.buf
}

// list writes a member that is an array.
func (j *jsonWriter) list(name string, n int, write func(i int)) {
	j.key(name)
	j.buf = append(j.buf, '[')
	for i := range n {
		if i > 0 {
			j.buf = append(j.buf, ',')
		}
		write(i)
	}
	j.buf = append(j.buf, ']')
}
