package httptask_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/plugins/task-http/httptask"
	"github.com/headrace/headrace/sdk/fault"
	"github.com/headrace/headrace/sdk/plugintest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a destination.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// private is a configuration that reaches the destination of the test.
var private = plugintest.WithConfig(map[string]any{"allow": []string{"127.0.0.1/32"}})

func TestARequestIsSentAndAnswered(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Add("X-Two", "a")
		w.Header().Add("X-Two", "b")
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, "%s %s %s|%s|%s|%s", r.Method, r.Host, r.Header.Get("X-In"),
			r.Header.Get("Idempotency-Key"), r.Header.Get("Content-Type"), body)
	})
	const id = "01890a5d-ac96-774b-bcce-b302099a8057"
	p := plugintest.Start(t, httptask.Plugin(), private)
	tests := map[string]struct{ payload, want string }{
		"text":      {`{"method":"post","headers":{"X-In":"x","Host":"h"},"body":"hi"}`, "POST h x|" + id + "||hi"},
		"JSON":      {`{"method":"PUT","headers":{"Host":"h"},"body":{"a":1e400}}`, `PUT h |` + id + `|application/json|{"a":1e400}`},
		"own key":   {`{"headers":{"Host":"h","idempotency-key":"mine"}}`, "GET h |mine||"},
		"null body": {`{"headers":{"Host":"h"},"body":null}`, "GET h |" + id + "||"},
	}
	for name, tt := range tests {
		payload := plugintest.Raw(strings.Replace(tt.payload, "{", fmt.Sprintf(`{"url":%q,`, url), 1))
		outcome := p.Do(t.Context(), plugintest.Task{Type: "http.request", ID: id, Payload: payload})
		if outcome.Fault != nil {
			t.Errorf("%s: %v", name, outcome.Fault)
			continue
		}
		var got httptask.Response
		if err := json.Unmarshal(outcome.Result, &got); err != nil {
			t.Fatal(err)
		}
		if got.Status != 201 || got.Body != tt.want || got.Headers["X-Two"] != "a, b" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestTheStatusDecidesTheOutcome(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status     int
		retryAfter string
		code       fault.Code
		retry      bool
		least      time.Duration
		most       time.Duration
	}{
		"500":                   {500, "", fault.ServiceUnavailable, true, 0, 0},
		"503 with seconds":      {503, "7", fault.ServiceUnavailable, true, 7 * time.Second, 7 * time.Second},
		"429":                   {429, "", fault.RateLimitExceeded, true, 0, 0},
		"429 with seconds":      {429, "120", fault.RateLimitExceeded, true, 2 * time.Minute, 2 * time.Minute},
		"429 with a date":       {429, time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), fault.RateLimitExceeded, true, 59 * time.Minute, time.Hour},
		"429 with a past date":  {429, "Mon, 02 Jan 2006 15:04:05 GMT", fault.RateLimitExceeded, true, 0, 0},
		"429 with nonsense":     {429, "soon", fault.RateLimitExceeded, true, 0, 0},
		"429 with a minus":      {429, "-5", fault.RateLimitExceeded, true, 0, 0},
		"429 with far too much": {429, "99999999999", fault.RateLimitExceeded, true, 24 * time.Hour, 24 * time.Hour},
		"404":                   {404, "", fault.TaskExecutionFailed, false, 0, 0},
		"401":                   {401, "9", fault.TaskExecutionFailed, false, 0, 0},
	}
	p := plugintest.Start(t, httptask.Plugin(), private)
	for name, tt := range tests {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if tt.retryAfter != "" {
				w.Header().Set("Retry-After", tt.retryAfter)
			}
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, strings.Repeat("e", 5000))
		})
		outcome := p.Do(t.Context(), plugintest.Task{Type: "http.request", Payload: map[string]any{"url": url}})
		f := outcome.Fault
		if f == nil || f.Code != tt.code || outcome.Retry != tt.retry || f.RetryAfter < tt.least || f.RetryAfter > tt.most {
			t.Errorf("%s: %+v %+v", name, outcome, f)
			continue
		}
		if f.Details["status"] != float64(tt.status) || len(fmt.Sprint(f.Details["body"])) != 1024 {
			t.Errorf("%s: details %v", name, f.Details)
		}
	}
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	url := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the request arrived") })
	p := plugintest.Start(t, httptask.Plugin())
	for _, target := range []string{
		url, strings.Replace(url, "127.0.0.1", "localhost", 1), "http://169.254.169.254/", "http://[::1]:1/",
		"http://0x7f.1/", "file:///etc/passwd", "ftp://127.0.0.1/", "http://u:p@1.1.1.1/", "http://", "::",
	} {
		outcome := p.Do(t.Context(), plugintest.Task{Type: "http.request", Payload: map[string]any{"url": target}})
		if outcome.Fault == nil || outcome.Fault.Code != fault.ValidationError && outcome.Fault.Code != fault.NetworkError {
			t.Errorf("%s: %+v", target, outcome)
		}
	}
}

func TestARefusalSaysWhyAndNothingElse(t *testing.T) {
	t.Parallel()
	p := plugintest.Start(t, httptask.Plugin())
	_, failed := p.Run(t.Context(), "http.request", map[string]any{"url": "http://127.0.0.1:9/secret"})
	if failed == nil || failed.Code != fault.ValidationError {
		t.Fatalf("%v", failed)
	}
	if want := "refused by the address guard: 127.0.0.1 is "; !strings.HasPrefix(failed.Msg, want) || strings.Contains(failed.Msg, "dial") {
		t.Errorf("%q does not begin with %q", failed.Msg, want)
	}
}

func TestNoRedirectToAPrivateAddress(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.2:9/", http.StatusFound)
	})
	_, failed := plugintest.Start(t, httptask.Plugin(), private).Run(t.Context(), "http.request", map[string]any{"url": url})
	if failed == nil || failed.Code != fault.ValidationError {
		t.Errorf("%v", failed)
	}
}

func TestAllowPrivateLiftsTheGuard(t *testing.T) {
	t.Parallel()
	url := serve(t, func(http.ResponseWriter, *http.Request) {})
	p := plugintest.Start(t, httptask.Plugin(), plugintest.WithConfig(map[string]any{"allow_private": true}))
	if _, failed := p.Run(t.Context(), "http.request", map[string]any{"url": url}); failed != nil {
		t.Error(failed)
	}
}

func TestBodiesAreLimited(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 101)) })
	for limit, fits := range map[int]bool{100: false, 101: true} {
		p := plugintest.Start(t, httptask.Plugin(), plugintest.WithConfig(map[string]any{"allow_private": true, "max_response": limit}))
		outcome := p.Do(t.Context(), plugintest.Task{Type: "http.request", Payload: map[string]any{"url": url}})
		if fits != (outcome.Fault == nil) || outcome.Retry {
			t.Errorf("limit %d: %+v", limit, outcome)
		}
	}
}

func TestBinaryBodiesAreBase64(t *testing.T) {
	t.Parallel()
	p := plugintest.Start(t, httptask.Plugin(), private)
	for _, body := range []string{"\xff\x00", "a\x00"} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
		result, failed := p.Run(t.Context(), "http.request", map[string]any{"url": url})
		if failed != nil || !strings.Contains(string(result), `"body_encoding":"base64"`) {
			t.Errorf("%q: %s, %v", body, result, failed)
		}
	}
}

func TestTimeIsLimited(t *testing.T) {
	t.Parallel()
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	p := plugintest.Start(t, httptask.Plugin(), private)
	_, failed := p.Run(t.Context(), "http.request", map[string]any{"url": url, "timeout": "20ms"})
	if failed == nil || failed.Code != fault.TaskTimeout {
		t.Errorf("own time-out: %v", failed)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, failed = p.Run(ctx, "http.request", map[string]any{"url": url})
	if failed == nil || failed.Code != fault.TaskCancelled {
		t.Errorf("cancelled: %v", failed)
	}
}

func TestNobodyThereIsANetworkError(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	_, failed := plugintest.Start(t, httptask.Plugin(), private).Run(t.Context(), "http.request", map[string]any{"url": server.URL})
	if failed == nil || failed.Code != fault.NetworkError {
		t.Errorf("%v", failed)
	}
}

func TestBadPayloadsAreRefused(t *testing.T) {
	t.Parallel()
	p := plugintest.Start(t, httptask.Plugin())
	for _, payload := range []string{
		`{}`, `{"url":1}`, `{"url":"http://1.1.1.1","method":"TRACE"}`, `{"url":"http://1.1.1.1","timeout":"-1s"}`,
		`{"url":"http://1.1.1.1","timeout":"soon"}`, `{"url":"http://1.1.1.1","headers":{"a b":"c"}}`,
		`{"url":"http://1.1.1.1","headers":{"a":"c\r\nx: y"}}`, `{"url":"http://1.1.1.1","extra":1}`,
	} {
		_, failed := p.Run(t.Context(), "http.request", plugintest.Raw(payload))
		if failed == nil || failed.Code != fault.ValidationError {
			t.Errorf("%s: %v", payload, failed)
		}
	}
}

func TestBadConfigurationsNameTheAttribute(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]string{
		`{"allow":["10.0.0.0/8","x"]}`: "[allow 1]", `{"max_response":0}`: "[max_response]",
		`{"alow":[]}`: "[alow]", `{"allow_private":"yes"}`: "[allow_private]",
	} {
		diagnostics := plugintest.Configure(t, httptask.Plugin(), plugintest.Raw(config))
		if len(diagnostics) != 1 || fmt.Sprint(diagnostics[0].Path) != want {
			t.Errorf("%s: %+v", config, diagnostics)
		}
	}
}
