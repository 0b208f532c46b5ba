package api_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/core/api"
	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/core/store/sqlite"
)

// listen serves a handler as a node does and returns its address.
func listen(t *testing.T, handler http.Handler) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := api.NewServer(handler, hclog.NewNullLogger())
	var running sync.WaitGroup
	running.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		running.Wait()
	})
	return l.Addr().String()
}

// raw sends text over a connection and returns the answer.
func raw(t *testing.T, address, text string) answer {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

func TestServerBoundsWhatItReads(t *testing.T) {
	t.Parallel()
	address := listen(t, newWorld(t))
	const head = "POST /api/tasks HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: Bearer " + admin + "\r\n"
	for name, test := range map[string]struct {
		text   string
		status int
	}{
		"a header above 16 KiB": {head + "X: " + strings.Repeat("x", 17<<10) + "\r\nContent-Length: 0\r\n\r\n", 431},
		"a declared length":     {head + "Content-Length: 99999999\r\n\r\n", 413},
		"a chunked body":        {head + "Transfer-Encoding: chunked\r\n\r\n140000\r\n" + strings.Repeat(" ", 0x140000) + "\r\n1\r\n \r\n0\r\n\r\n", 413},
		"a good one":            {head + "Content-Length: 20\r\n\r\n{\"type\":\"demo.echo\"}", 201},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := raw(t, address, test.text); got.status != test.status || got.header.Get("X-Request-Id") == "" {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

func TestServerTimeouts(t *testing.T) {
	t.Parallel()
	s := api.NewServer(http.NotFoundHandler(), hclog.NewNullLogger())
	if s.ReadHeaderTimeout != 5*time.Second || s.ReadTimeout != time.Minute || s.IdleTimeout == 0 || s.WriteTimeout == 0 {
		t.Errorf("%+v", s)
	}
}

// TestWithARealStoreAndKeys runs a key, a submission, its repeat, a list, a
// cancel and the trail over SQLite and the real authenticator.
func TestWithARealStoreAndKeys(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "headrace.db")
	if err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	key, text, err := auth.MintKey(auth.KeySpec{Name: "test", Role: auth.Submitter, CreatedBy: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.CreateKey(t.Context(), key, key.CreatedEvent()); err != nil {
		t.Fatal(err)
	}
	authenticator, err := auth.NewAuthenticator(auth.Config{Keys: store})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(c *api.Config) {
		c.Store, c.Canceller, c.Intake, c.Authenticator = store, store, startIntake(t, store), authenticator
	})
	const body = `{"type":"demo.echo","payload":{"n":9007199254740993,"e":1e400},"metadata":{"customer":"4711"}}`
	first, again := w.do(once("k", text, "/api/tasks", body)), w.do(once("k", text, "/api/tasks", body))
	if first.status != http.StatusCreated || again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Fatalf("first %+v, again %+v", first, again)
	}
	var created struct{ ID string }
	if err := json.Unmarshal([]byte(first.body), &created); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"/api/tasks?metadata.customer=4711", "/api/tasks/" + created.ID} {
		if got := w.do(request{method: "GET", target: target, as: text}); !strings.Contains(got.body, `"payload":{"n":9007199254740993,"e":1e400}`) {
			t.Errorf("%s: %s", target, got.body)
		}
	}
	if got := w.do(request{method: "DELETE", target: "/api/tasks/" + created.ID, as: text}); got.status != 200 || got.json(t)["status"] != "cancelled" {
		t.Errorf("%d %s", got.status, got.body)
	}
	trail := w.do(request{method: "GET", target: "/api/tasks/" + created.ID + "/events", as: text}).json(t)["events"].([]any)
	if len(trail) != 2 || trail[1].(map[string]any)["type"] != "task.cancelled" {
		t.Errorf("trail %v", trail)
	}
}
