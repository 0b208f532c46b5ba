package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/headrace/headrace/core/api/openapi"
	"github.com/headrace/headrace/core/schedule"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

// Schedules are the cron schedules. An error for a name that the configuration
// does not have is schedule.ErrUnknown.
type Schedules interface {
	List(ctx context.Context) ([]schedule.Status, error)
	RunNow(ctx context.Context, name string, by schedule.Actor) (task.Task, error)
	Pause(ctx context.Context, name string, by schedule.Actor) (schedule.Status, error)
	Resume(ctx context.Context, name string, by schedule.Actor) (schedule.Status, error)
}

// ListSchedules shows the schedules with their next fire times.
func (h handlers) ListSchedules(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := h.readContext(r)
	defer cancel()
	all, err := h.cfg.Schedules.List(ctx) //nolint:contextcheck // it is the request's, with a limit
	if err != nil {
		h.fail(w, r, err)
		return
	}
	body := page("schedules", all, func(j *jsonWriter, s *schedule.Status) { j.schedule(s) }, "")
	h.reply(w, http.StatusOK, plainJSON, body)
}

// RunSchedule makes a task of a schedule at once.
func (h handlers) RunSchedule(w http.ResponseWriter, r *http.Request, name openapi.ScheduleName) {
	ctx, cancel := h.readContext(r)
	defer cancel()
	t, err := h.cfg.Schedules.RunNow(ctx, name, scheduleActor(r))
	if err != nil {
		h.fail(w, r, scheduleFault(err))
		return
	}
	h.reply(w, http.StatusOK, plainJSON, h.encodeTask(&t))
}

// PauseSchedule keeps a schedule from firing.
func (h handlers) PauseSchedule(w http.ResponseWriter, r *http.Request, name openapi.ScheduleName) {
	h.changeSchedule(w, r, name, h.cfg.Schedules.Pause)
}

// ResumeSchedule lets a schedule fire again.
func (h handlers) ResumeSchedule(w http.ResponseWriter, r *http.Request, name openapi.ScheduleName) {
	h.changeSchedule(w, r, name, h.cfg.Schedules.Resume)
}

func (h handlers) changeSchedule(
	w http.ResponseWriter, r *http.Request, name string,
	change func(context.Context, string, schedule.Actor) (schedule.Status, error),
) {
	ctx, cancel := h.readContext(r)
	defer cancel()
	status, err := change(ctx, name, scheduleActor(r))
	if err != nil {
		h.fail(w, r, scheduleFault(err))
		return
	}
	j := jsonWriter{buf: make([]byte, 0, taskBytes)}
	j.schedule(&status)
	h.reply(w, http.StatusOK, plainJSON, j.buf)
}

func scheduleFault(err error) error {
	if errors.Is(err, schedule.ErrUnknown) {
		return fault.New(fault.NotFound, "there is no schedule of that name")
	}
	return err
}

func scheduleActor(r *http.Request) schedule.Actor {
	by := actorOf(r)
	return schedule.Actor{Name: by.Name, RequestID: by.RequestID, CorrelationID: by.CorrelationID}
}

func (j *jsonWriter) schedule(s *schedule.Status) {
	overlap := "allow"
	if s.NoOverlap {
		overlap = "skip"
	}
	j.open()
	j.text("name", s.Settings.Name)
	j.text("cron", s.Cron)
	j.text("time_zone", s.TimeZone)
	j.text("task", s.TaskType)
	j.number("priority", int(s.Priority))
	j.text("misfire", string(s.Misfire))
	j.text("overlap", overlap)
	j.truth("paused", s.Paused())
	j.optionalTime("paused_at", s.PausedAt)
	j.optionalText("paused_by", s.PausedBy)
	j.optionalTime("last_fire", s.LastFire)
	j.optionalID("last_task", s.LastTask)
	j.list("next", len(s.Next), func(i int) { j.instant(s.Next[i]) })
	j.close()
}
