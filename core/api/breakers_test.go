package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/core/breaker"
)

// breakers of a test: one that is open, one of a channel.
type breakers map[string]breaker.Status

func newBreakers() breakers {
	return breakers{
		"demo.echo": {Name: "demo.echo", State: breaker.Open, Since: time.Unix(1_790_000_000, 0), Calls: 24, Failures: 18},
		"ch.ops":    {Name: "ch.ops", State: breaker.HalfOpen, Since: time.Unix(1_790_000_000, 0), Local: true},
	}
}

func (b breakers) List(context.Context) []breaker.Status {
	return []breaker.Status{b["ch.ops"], b["demo.echo"]}
}

func (b breakers) Reset(_ context.Context, name, by string) (breaker.Status, error) {
	if _, ok := b[name]; !ok || !strings.Contains(by, operator) {
		return breaker.Status{}, breaker.ErrUnknown
	}
	return breaker.Status{Name: name, State: breaker.Closed, Since: time.Unix(1_790_000_100, 0)}, nil
}

func TestBreakersAreListedWithTheirState(t *testing.T) {
	t.Parallel()
	a := newWorld(t).do(request{method: "GET", target: "/api/breakers", as: viewer})
	want := `{"breakers":[{"name":"ch.ops","kind":"channel","state":"half-open","since":"2026-09-21T14:13:20.000Z","local":true},` +
		`{"name":"demo.echo","kind":"task","state":"open","since":"2026-09-21T14:13:20.000Z","calls":24,"failures":18}]}`
	if a.status != http.StatusOK || strings.TrimSpace(a.body) != want {
		t.Errorf("%d %s\nwant %s", a.status, a.body, want)
	}
}

func TestABreakerIsResetByAnOperator(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path, as string
		status   int
	}{
		"by an operator": {"demo.echo", operator, http.StatusOK},
		"by a viewer":    {"demo.echo", viewer, http.StatusForbidden},
		"an unknown one": {"nobody", operator, http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newWorld(t).do(request{method: "POST", target: "/api/breakers/" + c.path + "/reset", as: c.as})
			if a.status != c.status {
				t.Fatalf("%d %s", a.status, a.body)
			}
			if c.status == http.StatusOK && !strings.Contains(a.body, `"state":"closed"`) {
				t.Errorf("answered %s", a.body)
			}
		})
	}
}
