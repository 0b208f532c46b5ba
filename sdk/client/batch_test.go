package client_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/headrace/headrace/sdk/client"
)

func TestABatchTellsTheFateOfEachTask(t *testing.T) {
	t.Parallel()
	var path, body string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		path, body = r.URL.Path, strings.TrimSpace(string(text))
		write(t, w, http.StatusOK, "application/json", `{"results":[{"task":`+taskJSON("pending")+`},{"error":{"code":"validation_error","message":"no"}}]}`)
	})
	for name, submit := range map[string]struct {
		call func() ([]client.BatchResult, error)
		body string
	}{
		"each for itself": {
			func() ([]client.BatchResult, error) {
				return c.SubmitBatch(t.Context(), []client.Submission{{Type: "a"}, {Type: "b"}})
			},
			`{"tasks":[{"type":"a"},{"type":"b"}]}`,
		},
		"all or none": {
			func() ([]client.BatchResult, error) {
				return c.SubmitAll(t.Context(), []client.Submission{{Type: "a"}})
			},
			`{"atomic":true,"tasks":[{"type":"a"}]}`,
		},
	} {
		results, err := submit.call()
		if err != nil || len(results) != 2 || results[0].Task.ID.String() != id || results[1].Error.Code != "validation_error" {
			t.Errorf("%s: %+v, %v", name, results, err)
		}
		if path != "/api/tasks/batch" || body != submit.body {
			t.Errorf("%s: %s %s, want %s", name, path, body, submit.body)
		}
	}
}

func TestEventsArePaged(t *testing.T) {
	t.Parallel()
	var asked string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		write(t, w, http.StatusOK, "application/json", `{"events":[{"id":"`+id+`","type":"task.created","severity":"info",`+
			`"timestamp":"2026-11-24T06:31:00.123Z","message":"task accepted","metadata":{}}],"next_cursor":"n"}`)
	})
	page, err := c.Events(t.Context(), id, "c", 1)
	if err != nil || len(page.Events) != 1 || page.NextCursor != "n" {
		t.Fatalf("%+v, %v", page, err)
	}
	if !strings.HasPrefix(asked, "/api/tasks/"+id+"/events?") || !strings.Contains(asked, "cursor=c") || !strings.Contains(asked, "limit=1") {
		t.Errorf("asked for %s", asked)
	}
}
