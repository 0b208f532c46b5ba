package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/core/api"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/tasktype"
)

// pauseStore is a store that keeps what the API hands over.
type pauseStore struct{ events []event.Event }

func (s *pauseStore) PauseType(_ context.Context, p tasktype.Pause, record func(tasktype.Pause) event.Event) (tasktype.Pause, error) {
	p.Since = time.Unix(1_000_000, 0)
	s.events = append(s.events, record(p))
	return p, nil
}

func (s *pauseStore) ResumeType(_ context.Context, name string, record func(tasktype.Pause) event.Event) (bool, error) {
	s.events = append(s.events, record(tasktype.Pause{Type: name}))
	return true, nil
}

func (s *pauseStore) EndPauses(context.Context, func(tasktype.Pause) event.Event) ([]tasktype.Pause, error) {
	return nil, nil
}

// newPauses makes the pauses of a world.
func newPauses(t testing.TB, types *tasktype.Registry, store tasktype.PauseStore) *tasktype.Pauses {
	t.Helper()
	pauses, err := tasktype.NewPauses(tasktype.PausesConfig{Store: store, Types: types, Changed: func(string, bool) {}})
	if err != nil {
		t.Fatal(err)
	}
	return pauses
}

func TestPauseNamesWhoAskedAndWhy(t *testing.T) {
	t.Parallel()
	store := &pauseStore{}
	w := newWorld(t, func(c *api.Config) {
		types := newTypes(t)
		c.Types, c.Pauses = types, newPauses(t, types, store)
	})
	header := map[string]string{"X-Request-Id": "r-1"}
	got := w.do(request{
		method: "POST", target: "/api/types/demo.echo/pause", as: operator, header: header,
		body: `{"reason":"<repairs> & more","until":"2999-01-01T00:00:00Z"}`,
	})
	if got.status != http.StatusOK || !strings.Contains(got.body, `"until":"2999-01-01T00:00:00.000Z"`) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	w.do(request{method: "POST", target: "/api/types/demo.echo/resume", as: operator, header: header})
	if len(store.events) != 2 || store.events[0].Type != event.TaskTypePaused || store.events[1].Type != event.TaskTypeResumed {
		t.Fatalf("recorded %+v", store.events)
	}
	for _, part := range []string{`"taskType":"demo.echo"`, `"userId":"key:operator-credential"`, `"requestId":"r-1"`} {
		for _, e := range store.events {
			if !strings.Contains(string(e.Metadata), part) {
				t.Errorf("%s without %s: %s", e.Type, part, e.Metadata)
			}
		}
	}
}

func (s *pauseStore) Pauses(context.Context) ([]tasktype.Pause, error) { return nil, nil }
