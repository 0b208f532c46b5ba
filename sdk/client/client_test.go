package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/sdk/client"
	"github.com/headrace/headrace/sdk/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const id = "019abf3e-7a50-7c61-9f0e-2b1c7f3b9a10"

// taskJSON is a task in a status.
func taskJSON(status string) string {
	return `{"id":"` + id + `","type":"demo.echo","status":"` + status + `","priority":1,"description":"","payload":{"n":9007199254740993},` +
		`"created":"2026-11-24T06:31:00.123Z","updated":"2026-11-24T06:31:00.123Z","retry_count":0,"max_retries":5,"metadata":{}}`
}

// serve answers with handler and returns a client for it.
func serve(t *testing.T, handler http.HandlerFunc) *client.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := client.New(server.URL, "a-secret-credential", client.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, w http.ResponseWriter, status int, kind, body string) {
	t.Helper()
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	if _, err := io.WriteString(w, body); err != nil {
		t.Error(err)
	}
}

func TestSubmitSendsWhatIsGivenAndNothingElse(t *testing.T) {
	t.Parallel()
	var got struct{ method, path, auth, key, body string }
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got.method, got.path, got.auth = r.Method, r.URL.String(), r.Header.Get("Authorization")
		got.key, got.body = r.Header.Get("Idempotency-Key"), string(body)
		write(t, w, http.StatusCreated, "application/json", taskJSON("pending"))
	})
	task, err := c.SubmitOnce(t.Context(), "k1", client.Submission{Type: "demo.echo", Payload: json.RawMessage(`{"n":9007199254740993,"h":"<b>&"}`)})
	if err != nil {
		t.Fatal(err)
	}
	if task.ID.String() != id || string(task.Payload) != `{"n":9007199254740993}` || !task.RunAt.IsZero() {
		t.Errorf("task %+v", task)
	}
	if got.method != "POST" || got.path != "/api/tasks" || got.auth != "Bearer a-secret-credential" || got.key != "k1" {
		t.Errorf("request %+v", got)
	}
	if want := `{"payload":{"n":9007199254740993,"h":"<b>&"},"type":"demo.echo"}`; strings.TrimSpace(got.body) != want {
		t.Errorf("body %s, want %s", got.body, want)
	}
}

func TestListSendsItsFilter(t *testing.T) {
	t.Parallel()
	var query string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.Query().Encode()
		write(t, w, http.StatusOK, "application/json", `{"tasks":[`+taskJSON("failed")+`],"next_cursor":"abc"}`)
	})
	page, err := c.List(t.Context(), client.Filter{
		Status: client.Failed, From: time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600)), Metadata: map[string]string{"a b": "c&d"},
	})
	if err != nil || len(page.Tasks) != 1 || page.NextCursor != "abc" {
		t.Fatalf("%+v, %v", page, err)
	}
	if want := "from=2026-01-02T02%3A04%3A05Z&metadata.a+b=c%26d&status=failed"; query != want {
		t.Errorf("query %s, want %s", query, want)
	}
}

func TestProblemsBecomeFaults(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3")
		write(t, w, http.StatusConflict, "application/problem+json", `{"code":"invalid_input","detail":"held","details":{"task_id":"x"},"status":409}`)
	})
	_, err := c.Get(t.Context(), id)
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != fault.InvalidInput || f.Msg != "held" || f.Details["task_id"] != "x" || f.RetryAfter != 3*time.Second {
		t.Fatalf("%#v", err)
	}
}

func TestOtherAnswersBecomeFaultsToo(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		write(t, w, http.StatusBadGateway, "text/html", "<h1>proxy</h1>")
	})
	if _, err := c.Cancel(t.Context(), id); fault.CodeOf(err) != fault.ServiceUnavailable {
		t.Errorf("%v", err)
	}
	gone, err := client.New("http://127.0.0.1:1", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gone.Types(t.Context()); fault.CodeOf(err) != fault.NetworkError {
		t.Errorf("%v", err)
	}
}

func TestWaitEndsWithTheTask(t *testing.T) {
	t.Parallel()
	var looks atomic.Int32
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		switch looks.Add(1) {
		case 1:
			write(t, w, http.StatusOK, "application/json", taskJSON("pending"))
		case 2:
			write(t, w, http.StatusServiceUnavailable, "application/problem+json", `{"code":"service_unavailable","detail":"away"}`)
		case 3:
			write(t, w, http.StatusOK, "application/json", taskJSON("running"))
		default:
			write(t, w, http.StatusOK, "application/json", taskJSON("dead_letter"))
		}
	})
	task, err := c.Wait(t.Context(), id)
	if err != nil || task.Status != client.DeadLetter || looks.Load() != 4 {
		t.Errorf("%v %v after %d looks", task.Status, err, looks.Load())
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		write(t, w, http.StatusOK, "application/json", taskJSON("running"))
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Wait(ctx, id); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestWaitGivesUpOnAnUnknownTask(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		write(t, w, http.StatusNotFound, "application/problem+json", `{"code":"not_found","detail":"there is no such task"}`)
	})
	if _, err := c.Wait(t.Context(), id); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
}

func TestNewChecksTheAddress(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"", "127.0.0.1:8080", "ftp://x", "http://", "http://user:secret@x", "http://x?y=1", "http://x\x00"} {
		if _, err := client.New(addr, ""); err == nil {
			t.Errorf("%q was accepted", addr)
		}
	}
}
