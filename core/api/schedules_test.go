package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/schedule"
	"github.com/headrace/headrace/core/task"
)

// schedules is one schedule, called nightly.
type schedules struct{ status schedule.Status }

func newSchedules() schedules {
	at := time.Unix(1_790_000_000, 0)
	return schedules{schedule.Status{
		Settings: schedule.Settings{
			Name: "nightly", Cron: "0 3 * * *", TimeZone: "UTC", TaskType: "demo.echo", Priority: task.High,
			Misfire: schedule.MisfireOnce, NoOverlap: true,
		},
		State: schedule.State{Name: "nightly", LastFire: at, LastTask: uuid.UUID{15: 7}},
		Next:  []time.Time{at.Add(time.Hour), at.Add(2 * time.Hour)},
	}}
}

func (s schedules) List(context.Context) ([]schedule.Status, error) {
	return []schedule.Status{s.status}, nil
}

func (s schedules) RunNow(_ context.Context, name string, by schedule.Actor) (task.Task, error) {
	if name != "nightly" {
		return task.Task{}, schedule.ErrUnknown
	}
	id := task.NewID()
	return task.Task{ID: id, Type: "demo.echo", Created: task.CreatedAt(id), Updated: task.CreatedAt(id), CreatedBy: by.Name}, nil
}

func (s schedules) Pause(_ context.Context, name string, by schedule.Actor) (schedule.Status, error) {
	if name != "nightly" {
		return schedule.Status{}, schedule.ErrUnknown
	}
	s.status.PausedAt, s.status.PausedBy, s.status.Next = time.Unix(1_790_000_100, 0), by.Name, nil
	return s.status, nil
}

func (s schedules) Resume(_ context.Context, name string, _ schedule.Actor) (schedule.Status, error) {
	if name != "nightly" {
		return schedule.Status{}, schedule.ErrUnknown
	}
	return s.status, nil
}

const nightly = `{"name":"nightly","cron":"0 3 * * *","time_zone":"UTC","task":"demo.echo","priority":2,"misfire":"once","overlap":"skip",` +
	`"paused":false,"last_fire":"2026-09-21T14:13:20.000Z","last_task":"00000000-0000-0000-0000-000000000007",` +
	`"next":["2026-09-21T15:13:20.000Z","2026-09-21T16:13:20.000Z"]}`

func TestSchedulesAreListedWithTheirNextFireTimes(t *testing.T) {
	t.Parallel()
	a := newWorld(t).do(request{method: "GET", target: "/api/schedules", as: viewer})
	if a.status != http.StatusOK || strings.TrimSpace(a.body) != `{"schedules":[`+nightly+`]}` {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestOperatorsChangeSchedules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for target, c := range map[string]struct {
		as     string
		status int
		want   string
	}{
		"/api/schedules/nightly/run":         {operator, http.StatusOK, `"created_by":"key:operator-credential"`},
		"/api/schedules/nightly/pause":       {operator, http.StatusOK, `"paused":true,"paused_at":"2026-09-21T14:15:00.000Z","paused_by":"key:operator-credential"`},
		"/api/schedules/nightly/resume":      {operator, http.StatusOK, nightly},
		"/api/schedules/weekly/run":          {operator, http.StatusNotFound, "not_found"},
		"/api/schedules/weekly/pause":        {operator, http.StatusNotFound, "not_found"},
		"/api/schedules/weekly/resume":       {operator, http.StatusNotFound, "not_found"},
		"/api/schedules/nightly/run?":        {viewer, http.StatusForbidden, "unauthorized"},
		"/api/schedules/nightly/pause?":      {submitter, http.StatusForbidden, "unauthorized"},
		"/api/schedules/nightly/resume?":     {viewer, http.StatusForbidden, "unauthorized"},
		"/api/schedules/nightly/run?dry=yes": {operator, http.StatusBadRequest, "dry"},
	} {
		a := w.do(request{method: "POST", target: target, as: c.as})
		if a.status != c.status || !strings.Contains(a.body, c.want) {
			t.Errorf("%s: %d %s", target, a.status, a.body)
		}
	}
}
