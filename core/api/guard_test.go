package api_test

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/core/api"
	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/sdk/fault"
)

func TestNoCredentialsIs401BeforeAnythingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.checks.away.Store(true)
	for _, q := range []request{
		{method: "GET", target: "/api/tasks"},
		{method: "GET", target: "/api/tasks?nope=1"},
		{method: "POST", target: "/api/tasks", body: "{", header: map[string]string{"Content-Type": "text/plain", "Accept": "text/html"}},
		{method: "PATCH", target: "/api/tasks"},
		{method: "GET", target: "/api/nowhere"},
		{method: "GET", target: "/"},
		{method: "GET", target: "/api/openapi.json", header: map[string]string{"Authorization": "Basic eDp5"}},
		{method: "GET", target: "/api/tasks", header: map[string]string{"Authorization": "Bearer "}},
		{method: "GET", target: "/api/tasks?token=" + admin},
		{method: "GET", target: "/api/tasks", header: map[string]string{"X-Large": strings.Repeat("x", 20<<10)}},
	} {
		got := w.do(q)
		got.problem(t, http.StatusUnauthorized, fault.Unauthorized)
		if got.header.Get("WWW-Authenticate") == "" || got.header.Get("RateLimit") == "" || got.header.Get("RateLimit-Policy") != `"anonymous";q=400;w=4` {
			t.Errorf("%s %s: header %v", q.method, q.target, got.header)
		}
	}
	if len(w.watch.failed) > 0 {
		t.Errorf("missing credentials were noted as refused: %v", w.watch.failed)
	}
}

func TestWrongCredentialsAreRefusedAndNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.do(request{method: "GET", target: "/api/types", as: "wrong", header: map[string]string{"X-Request-Id": "r1"}})
	got.problem(t, http.StatusUnauthorized, fault.Unauthorized)
	if len(w.watch.failed) != 1 || w.watch.failed[0].RequestID != "r1" || w.watch.failed[0].Address != "192.0.2.1" {
		t.Errorf("noted %+v", w.watch.failed)
	}
}

func TestFormOfRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const echo = `{"type":"demo.echo"}`
	for name, test := range map[string]struct {
		request
		status int
		code   fault.Code
	}{
		"unknown route":         {request{method: "GET", target: "/api/nowhere"}, 404, fault.NotFound},
		"doubled slash":         {request{method: "GET", target: "//api/tasks"}, 404, fault.NotFound},
		"trailing slash":        {request{method: "GET", target: "/api/tasks/"}, 404, fault.NotFound},
		"method":                {request{method: "PATCH", target: "/api/tasks"}, 405, fault.InvalidInput},
		"overridden method":     {request{method: "GET", target: "/api/tasks/" + aTaskID, header: map[string]string{"X-Http-Method-Override": "DELETE"}}, 404, fault.NotFound},
		"Accept":                {request{method: "GET", target: "/api/tasks", header: map[string]string{"Accept": "application/xml"}}, 406, fault.InvalidInput},
		"Accept refuses JSON":   {request{method: "GET", target: "/api/tasks", header: map[string]string{"Accept": "*/*, application/json;q=0"}}, 406, fault.InvalidInput},
		"no Content-Type":       {request{method: "POST", target: "/api/tasks", body: echo, header: map[string]string{"Content-Type": ""}}, 415, fault.InvalidInput},
		"text":                  {request{method: "POST", target: "/api/tasks", body: echo, header: map[string]string{"Content-Type": "text/plain"}}, 415, fault.InvalidInput},
		"Latin 1":               {request{method: "POST", target: "/api/tasks", body: echo, header: map[string]string{"Content-Type": "application/json; charset=latin1"}}, 415, fault.InvalidInput},
		"compressed":            {request{method: "POST", target: "/api/tasks", body: echo, header: map[string]string{"Content-Encoding": "gzip"}}, 415, fault.InvalidInput},
		"no body":               {request{method: "POST", target: "/api/tasks"}, 400, fault.InvalidInput},
		"large header":          {request{method: "GET", target: "/api/tasks", header: map[string]string{"X-Large": strings.Repeat("x", 16<<10)}}, 431, fault.InvalidInput},
		"unknown parameter":     {request{method: "GET", target: "/api/tasks?colour=red"}, 400, fault.InvalidInput},
		"credential in the URL": {request{method: "GET", target: "/api/tasks?token=x"}, 400, fault.InvalidInput},
		"parameter of another":  {request{method: "GET", target: "/api/types?limit=1"}, 400, fault.InvalidInput},
		"doubled parameter":     {request{method: "GET", target: "/api/tasks?limit=1&limit=1"}, 400, fault.InvalidInput},
		"doubled metadata":      {request{method: "GET", target: "/api/tasks?metadata.a=1&metadata.a=2"}, 400, fault.InvalidInput},
		"bare metadata":         {request{method: "GET", target: "/api/tasks?metadata=x"}, 400, fault.InvalidInput},
		"metadata without key":  {request{method: "GET", target: "/api/tasks?metadata.=x"}, 400, fault.InvalidInput},
		"NUL in a parameter":    {request{method: "GET", target: "/api/tasks?metadata.a=%00"}, 400, fault.InvalidInput},
		"bad UTF-8":             {request{method: "GET", target: "/api/tasks?metadata.a=%ff"}, 400, fault.InvalidInput},
		"bad escape":            {request{method: "GET", target: "/api/tasks?type=%zz"}, 400, fault.InvalidInput},
		"query on submit":       {request{method: "POST", target: "/api/tasks?dry=1", body: echo}, 400, fault.InvalidInput},
		"id in capitals":        {request{method: "GET", target: "/api/tasks/" + strings.ToUpper(aTaskID)}, 400, fault.InvalidInput},
		"id of another form":    {request{method: "GET", target: "/api/tasks/42"}, 400, fault.InvalidInput},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.as = admin
			w.do(test.request).problem(t, test.status, test.code)
		})
	}
}

// aTaskID is the id of no task.
const aTaskID = "019abf3e-7a50-7c61-9f0e-2b1c7f3b9a10"

func TestAllowNamesTheMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for target, want := range map[string]string{
		"/api/tasks": "GET, HEAD, POST", "/api/tasks/" + aTaskID: "GET, HEAD, DELETE", "/api/tasks/batch": "POST", "/health": "GET, HEAD",
	} {
		got := w.do(request{method: "OPTIONS", target: target, as: admin})
		got.problem(t, http.StatusMethodNotAllowed, fault.InvalidInput)
		if got.header.Get("Allow") != want {
			t.Errorf("%s: Allow %q, want %q", target, got.header.Get("Allow"), want)
		}
	}
	for _, method := range []string{"GET", "HEAD", "DELETE", "PUT"} { // the batch is nobody's id
		got := w.do(request{method: method, target: "/api/tasks/batch", as: admin})
		if got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != "POST" {
			t.Errorf("%s: %d, Allow %q", method, got.status, got.header.Get("Allow"))
		}
	}
}

func TestEveryAnswerHasItsHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *api.Config) {
		c.Metrics = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })
	})
	for _, q := range []request{
		{method: "GET", target: "/api/types", as: admin},
		{method: "GET", target: "/api/types"},
		{method: "GET", target: "/x", as: admin},
		{method: "PUT", target: "/health"},
		{method: "GET", target: "/metrics"},
		{method: "GET", target: "/health"},
		{method: "POST", target: "/api/tasks", as: viewer},
		{method: "POST", target: "/api/tasks", as: admin, body: "{"},
	} {
		got := w.do(q)
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Referrer-Policy": "no-referrer", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s %s (%d): %s is %q", q.method, q.target, got.status, name, got.header.Get(name))
			}
		}
		if got.header.Get("X-Request-Id") == "" {
			t.Errorf("%s %s (%d): no request id", q.method, q.target, got.status)
		}
	}
}

func TestSaneRequestIDsAreTakenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for given, taken := range map[string]bool{
		"abc-1.2_3:4": true, strings.Repeat("x", 128): true, strings.Repeat("x", 129): false, "a b": false, "é": false, "<x>": false,
	} {
		got := w.do(request{method: "GET", target: "/health", header: map[string]string{"X-Request-Id": given}}).header.Get("X-Request-Id")
		if (got == given) != taken || got == "" {
			t.Errorf("%q became %q", given, got)
		}
	}
}

func TestPanicsAreAnsweredAndLoggedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *api.Config) {
		c.Metrics = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the secret of the house") })
	})
	got := w.do(request{method: "GET", target: "/metrics"})
	got.problem(t, http.StatusInternalServerError, fault.InternalError)
	if strings.Contains(got.body, "secret") {
		t.Errorf("internals in %s", got.body)
	}
	if n := strings.Count(w.log.String(), "panic in a request"); n != 1 || !strings.Contains(w.log.String(), got.header.Get("X-Request-Id")) {
		t.Errorf("logged %d times: %s", n, w.log)
	}
}

func TestPanicInTheMiddleOfAnAnswerEndsTheConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *api.Config) {
		c.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if _, err := io.WriteString(w, "half"); err != nil {
				t.Error(err)
			}
			panic("boom")
		})
	})
	defer func() {
		cause := recover()
		if err, ok := cause.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("got %v", cause)
		}
	}()
	w.do(request{method: "GET", target: "/metrics"})
}

func TestInternalErrorsHideTheirText(t *testing.T) {
	t.Parallel()
	const text = `relation "tasks" does not exist at db.internal:5432`
	for _, err := range []error{errors.New(text), fault.New(fault.InternalError, text), fault.New("made_up", text)} {
		w := newWorld(t)
		w.store.fail(err)
		got := w.do(request{method: "GET", target: "/api/tasks", as: admin})
		got.problem(t, http.StatusInternalServerError, fault.InternalError)
		if strings.Contains(got.body, "relation") {
			t.Errorf("internals in %s", got.body)
		}
		if n := strings.Count(w.log.String(), "does not exist"); n != 1 || !strings.Contains(w.log.String(), got.header.Get("X-Request-Id")) {
			t.Errorf("logged %d times: %s", n, w.log)
		}
	}
}

func TestStoreAwayIs503(t *testing.T) {
	t.Parallel()
	t.Run("known to be away", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.checks.away.Store(true)
		for _, target := range []string{"/api/tasks", "/api/types", "/api/openapi.json", "/api/nowhere"} {
			got := w.do(request{method: "GET", target: target, as: admin})
			got.problem(t, http.StatusServiceUnavailable, fault.ServiceUnavailable)
			if got.header.Get("Retry-After") == "" {
				t.Errorf("%s: no Retry-After", target)
			}
		}
		if got := w.do(request{method: "GET", target: "/metrics"}); got.status != http.StatusOK {
			t.Errorf("/metrics: %d", got.status)
		}
	})
	for name, err := range map[string]error{
		"a fault": fault.New(fault.ServiceUnavailable, "the store is away"), "a time-out": timeout{},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.store.fail(err)
			for _, q := range []request{
				{method: "GET", target: "/api/tasks"},
				{method: "GET", target: "/api/tasks/" + aTaskID},
				{method: "DELETE", target: "/api/tasks/" + aTaskID},
				{method: "GET", target: "/api/tasks/" + aTaskID + "/events"},
			} {
				q.as = admin
				got := w.do(q)
				got.problem(t, http.StatusServiceUnavailable, fault.ServiceUnavailable)
				if got.header.Get("Retry-After") != "1" {
					t.Errorf("%s: Retry-After %q", q.target, got.header.Get("Retry-After"))
				}
			}
		})
	}
	t.Run("during a submission", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.store.fail(fault.New(fault.ServiceUnavailable, "the store is away"))
		w.submit(`{"type":"demo.echo"}`).problem(t, http.StatusServiceUnavailable, fault.ServiceUnavailable)
	})
}

// timeout is what a network does.
type timeout struct{}

func (timeout) Error() string   { return "i/o timeout" }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

func TestAddressesWithoutCredentialsAreLimited(t *testing.T) {
	t.Parallel()
	now := at("2026-11-24T00:00:00Z")
	w := newWorld(t, func(c *api.Config) {
		c.AnonymousPerSecond, c.AnonymousBurst = 1, 3
		c.Now = func() time.Time { return now }
	})
	for range 3 {
		w.do(request{method: "GET", target: "/api/tasks", as: "wrong"}).problem(t, http.StatusUnauthorized, fault.Unauthorized)
	}
	for _, q := range []request{{method: "GET", target: "/api/tasks", as: "wrong"}, {method: "GET", target: "/api/tasks"}, {method: "GET", target: "/health"}} {
		got := w.do(q)
		got.problem(t, http.StatusTooManyRequests, fault.RateLimitExceeded)
		if got.header.Get("Retry-After") != "1" || got.header.Get("RateLimit") != `"anonymous";r=0;t=1` {
			t.Errorf("%s: header %v", q.target, got.header)
		}
	}
	if got := w.do(request{method: "GET", target: "/api/tasks", as: admin}); got.status != http.StatusOK {
		t.Errorf("a good key is limited: %d", got.status)
	}
	now = now.Add(time.Second)
	w.do(request{method: "GET", target: "/api/tasks"}).problem(t, http.StatusUnauthorized, fault.Unauthorized)
}

func TestForwardedAddressesCountFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ trusted, forwarded, want string }{
		"nobody trusted":    {"", "203.0.113.9", "192.0.2.1"},
		"trusted":           {"192.0.2.0/24", "203.0.113.9", "203.0.113.9"},
		"spoofed in front":  {"192.0.2.0/24", "10.9.9.9, 203.0.113.9", "203.0.113.9"},
		"a chain of proxys": {"192.0.2.0/24", "203.0.113.9, 192.0.2.7", "203.0.113.9"},
		"rubbish":           {"192.0.2.0/24", "rubbish", "192.0.2.1"},
		"nothing":           {"192.0.2.0/24", "", "192.0.2.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *api.Config) {
				if test.trusted != "" {
					c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(test.trusted)}
				}
			})
			w.do(request{method: "GET", target: "/api/types", as: "wrong", header: map[string]string{"X-Forwarded-For": test.forwarded}})
			if got := w.watch.failed[0].Address; got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestRolesReachWhatTheyMay(t *testing.T) {
	t.Parallel()
	for _, role := range []string{viewer, submitter, operator, admin} {
		w := newWorld(t)
		for _, q := range []struct {
			request
			permission auth.Permission
		}{
			{request{method: "POST", target: "/api/tasks", body: `{"type":"demo.echo"}`}, auth.TasksWrite},
			{request{method: "POST", target: "/api/tasks/batch", body: `{"tasks":[{"type":"demo.echo"}]}`}, auth.TasksWrite},
			{request{method: "DELETE", target: "/api/tasks/" + aTaskID}, auth.TasksWrite},
			{request{method: "GET", target: "/api/tasks"}, auth.TasksRead},
			{request{method: "GET", target: "/api/types"}, auth.TypesRead},
			{request{method: "GET", target: "/api/nodes"}, auth.NodesRead},
			{request{method: "GET", target: "/api/openapi.json"}, auth.OpenAPIRead},
			{request{method: "POST", target: "/api/types/demo.echo/pause", body: `{"reason":"x"}`}, auth.TypesWrite},
			{request{method: "POST", target: "/api/types/demo.echo/resume"}, auth.TypesWrite},
		} {
			q.as = role
			got := w.do(q.request)
			forbidden := role == viewer && q.permission == auth.TasksWrite ||
				role == submitter && q.permission == auth.NodesRead ||
				(role == viewer || role == submitter) && q.permission == auth.TypesWrite
			if (got.status == http.StatusForbidden) != forbidden {
				t.Errorf("%s: %s %s: %d", role, q.method, q.target, got.status)
			}
			if forbidden {
				got.problem(t, http.StatusForbidden, fault.Unauthorized)
			}
		}
		if role == viewer && (len(w.watch.forbidden) != 5 || w.watch.forbidden[0].Operation != "submitTask" || w.watch.forbidden[0].Principal != "key:"+viewer) {
			t.Errorf("noted %+v", w.watch.forbidden)
		}
	}
}
