package api_test

import (
	"net/http"
	"testing"

	"github.com/headrace/headrace/core/api"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	db, redis, plugin := api.Check{Name: "db", Vital: true}, api.Check{Name: "redis"}, api.Check{Name: "plugin.demo"}
	bad := func(c api.Check) api.Check {
		c.Reason = "no answer"
		return c
	}
	for name, test := range map[string]struct {
		checks []api.Check
		target string
		status int
		body   string
	}{
		"all well":     {[]api.Check{db, redis}, "/health", 200, `{"status":"ok","checks":{"db":{"status":"ok"},"redis":{"status":"ok"}}}`},
		"Redis away":   {[]api.Check{db, bad(redis)}, "/health", 200, `{"status":"degraded","checks":{"db":{"status":"ok"},"redis":{"status":"down","reason":"no answer"}}}`},
		"plugin away":  {[]api.Check{bad(plugin)}, "/health", 200, `{"status":"degraded","checks":{"plugin.demo":{"status":"down","reason":"no answer"}}}`},
		"store away":   {[]api.Check{bad(db), bad(redis)}, "/health", 503, `{"status":"down","checks":{"db":{"status":"down","reason":"no answer"},"redis":{"status":"down","reason":"no answer"}}}`},
		"redis: well":  {[]api.Check{bad(db), redis}, "/health/redis", 200, `{"status":"ok","checks":{"redis":{"status":"ok"}}}`},
		"redis: away":  {[]api.Check{db, bad(redis)}, "/health/redis", 503, `{"status":"down","checks":{"redis":{"status":"down","reason":"no answer"}}}`},
		"db: away":     {[]api.Check{bad(db), redis}, "/health/db", 503, `{"status":"down","checks":{"db":{"status":"down","reason":"no answer"}}}`},
		"db: unlooked": {nil, "/health/db", 503, `{"status":"down","checks":{"db":{"status":"down","reason":"not checked"}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.checks.report = test.checks
			w.checks.away.Store(true)
			got := w.do(request{method: "GET", target: test.target})
			if got.status != test.status || got.body != test.body {
				t.Errorf("%d %s, want %d %s", got.status, got.body, test.status, test.body)
			}
			if (got.header.Get("Retry-After") != "") != (test.status == http.StatusServiceUnavailable) {
				t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
			}
		})
	}
}

func TestMetricsCountRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(request{method: "GET", target: "/api/types", as: admin})
	w.do(request{method: "BREW", target: "/api/nowhere", as: admin})
	families, err := w.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, family := range families {
		found[family.GetName()] = true
		for _, m := range family.GetMetric() {
			text := family.GetName()
			for _, label := range m.GetLabel() {
				text += " " + label.GetValue()
			}
			found[text] = true
		}
	}
	for _, want := range []string{
		"headrace_api_requests_total GET /api/types 2xx", "headrace_api_requests_total other none 4xx",
		"headrace_api_request_duration_seconds /api/types", "rate_limit_exceeded",
	} {
		if !found[want] {
			t.Errorf("no %q in %v", want, found)
		}
	}
}
