package breaker

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/core/testenv"
)

// peer is one node's breakers, with what it told.
type peer struct {
	*Breakers
	mu     sync.Mutex
	events []event.Event
	states []State
}

func newPeer(t *testing.T, client *redis.Client) *peer {
	t.Helper()
	p := &peer{}
	var err error
	p.Breakers, err = New(Config{
		Client: client, Fresh: 20 * time.Millisecond, Retry: 10 * time.Millisecond, Limit: 5 * time.Second,
		Settings: map[string]Settings{"t": {
			FailureRatio: 0.5, Minimum: 4, Window: 10 * time.Second, OpenFor: 200 * time.Millisecond, Probes: 2, ProbeTTL: time.Minute,
		}},
		Record:  func(e event.Event) { p.mu.Lock(); defer p.mu.Unlock(); p.events = append(p.events, e) },
		Changed: func(_ string, s State) { p.mu.Lock(); defer p.mu.Unlock(); p.states = append(p.states, s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// finish reports outcomes of calls that were let through in a generation.
func (p *peer) finish(t *testing.T, generation int64, ok, failed int) {
	t.Helper()
	p.Observe("t", generation, ok, failed, 0)
	p.report(t.Context())
}

// until asks for n permits until all are granted.
func (p *peer) until(t *testing.T, n int) (generation int64) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		granted, generation, again := p.Permit(t.Context(), "t", n)
		if granted == n {
			return generation
		}
		p.Return("t", generation, granted)
		p.report(t.Context())
		if again <= 0 {
			t.Fatal("refused without a word on when to ask again")
		}
		<-time.After(again)
	}
	t.Fatal("never granted")
	return 0
}

func (p *peer) kinds() (kinds []event.Type, ids []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.events {
		kinds, ids = append(kinds, p.events[i].Type), append(ids, p.events[i].ID.String())
	}
	return kinds, ids
}

func TestNodesShareABreaker(t *testing.T) {
	t.Parallel()
	url, prefix := testenv.Redis(t), testenv.Prefix(t)
	a, b := newPeer(t, connect(t, url, prefix)), newPeer(t, connect(t, url, prefix))
	b.until(t, 100) // and remembers: closed
	first := a.until(t, 100)
	a.finish(t, first, 1, 1)
	b.finish(t, first, 0, 1)
	if a.Holds("t") || b.Holds("t") {
		t.Fatal("open after 3 calls, of at least 4")
	}
	a.finish(t, first, 1, 0)
	b.finish(t, first, 0, 1)
	if granted, _, again := b.Permit(t.Context(), "t", 1); granted != 0 || again <= 0 || !b.Holds("t") {
		t.Fatalf("%d granted by an open breaker, again in %s", granted, again)
	}
	a.List(t.Context()) // it went by what it saw last, for 20 ms
	probe := a.until(t, 1)
	if granted, _, _ := b.Permit(t.Context(), "t", 5); granted != 1 {
		t.Errorf("%d probes granted to the other node, want the one that is left of 2", granted)
	}
	a.finish(t, first, 0, 9) // of calls from before: count no more
	a.finish(t, probe, 1, 0)
	b.finish(t, probe, 1, 0)
	a.until(t, 100)
	if trips := testutil.ToFloat64(a.metrics.trips) + testutil.ToFloat64(b.metrics.trips); trips != 1 {
		t.Errorf("%v trips counted on both nodes, want 1", trips)
	}
	kinds, ids := a.kinds()
	others, otherIDs := b.kinds()
	for kind, n := range map[event.Type]int{
		event.RecoveryBreakerOpened: 1, event.RecoveryBreakerHalfOpened: 1, event.RecoveryBreakerClosed: 1,
	} {
		seen := map[string]bool{}
		for i, k := range slices.Concat(kinds, others) {
			if k == kind {
				seen[slices.Concat(ids, otherIDs)[i]] = true
			}
		}
		if len(seen) != n {
			t.Errorf("%s has %d ids on both nodes, want %d", kind, len(seen), n)
		}
	}
}

func TestAFailedProbeOpensAgain(t *testing.T) {
	t.Parallel()
	p := newPeer(t, connect(t, "redis://"+miniredis.RunT(t).Addr(), "hr"))
	p.finish(t, p.until(t, 4), 0, 4)
	p.finish(t, p.until(t, 2), 1, 1)
	if got := p.List(t.Context())[0]; got.State != Open || got.Failures != 1 || got.Calls != 2 || got.Since.IsZero() {
		t.Errorf("after a failed probe: %+v", got)
	}
	if want := []State{Open, HalfOpen, Open}; !slices.Equal(p.states, want) {
		t.Errorf("told %v, want %v", p.states, want)
	}
}

func TestAResetClosesForAllAndSaysWho(t *testing.T) {
	t.Parallel()
	url := "redis://" + miniredis.RunT(t).Addr()
	a, b := newPeer(t, connect(t, url, "hr")), newPeer(t, connect(t, url, "hr"))
	a.finish(t, a.until(t, 4), 0, 4)
	b.List(t.Context())
	if !b.Holds("t") {
		t.Fatal("the other node does not know that it is open")
	}
	got, err := b.Reset(t.Context(), "t", "key:me")
	if err != nil || got.State != Closed {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := b.Reset(t.Context(), "nobody", "key:me"); !errors.Is(err, ErrUnknown) {
		t.Errorf("reset of an unknown one: %v", err)
	}
	a.until(t, 100)
	last, again := a.events[len(a.events)-1], b.events[len(b.events)-1]
	if last.Type != event.RecoveryBreakerReset || last.ID != again.ID || string(last.Metadata) != `{"breaker":"t","state":"closed","userId":"key:me"}` {
		t.Errorf("%s %s %s", last.Type, last.ID, last.Metadata)
	}
	if last.ID.Version() != 7 || !last.Timestamp.Equal(got.Since) {
		t.Errorf("the id %s of %s says %s", last.ID, got.Since, last.Timestamp)
	}
}

func TestWithoutRedisANodeGoesByWhatItSees(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	p := newPeer(t, connect(t, "redis://"+server.Addr(), "hr"))
	generation := p.until(t, 4)
	server.SetError("away")
	p.finish(t, generation, 0, 4) // of a generation that Redis began
	if got := p.List(t.Context())[0]; got.State != Open || !got.Local {
		t.Fatalf("without Redis: %+v", got)
	}
	server.SetError("")
	<-time.After(20 * time.Millisecond) // Redis is left alone for 10 ms
	if got := p.List(t.Context())[0]; got.State != Open || got.Local {
		t.Errorf("back with Redis, what was learnt without is gone: %+v", got)
	}
	p.finish(t, p.until(t, 2), 2, 0)
	if got := p.List(t.Context())[0]; got.State != Closed || got.Local {
		t.Errorf("after good probes: %+v", got)
	}
}

func TestAProbeThatNeverReportsDoesNotBlockForEver(t *testing.T) {
	t.Parallel()
	m := newMachine(Settings{FailureRatio: 1, Minimum: 1, Window: time.Second, OpenFor: time.Second, Probes: 1, ProbeTTL: time.Minute}, condition{})
	m.do(operation{kind: observe, tally: tally{failed: 1}}, 10_000)
	if a := m.do(operation{kind: permit, n: 3}, 11_000); a.granted != 1 || a.again != 60_000 {
		t.Fatalf("half-open: %+v", a)
	}
	if a := m.do(operation{kind: permit, n: 3}, 70_999); a.granted != 0 || a.again != 1 {
		t.Errorf("while the probe is out: %+v", a)
	}
	if a := m.do(operation{kind: permit, n: 3}, 71_000); a.granted != 1 {
		t.Errorf("after its time: %+v", a)
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	t.Parallel()
	client := connect(t, "redis://"+miniredis.RunT(t).Addr(), "hr")
	good := Settings{FailureRatio: 0.5, Minimum: 1, Window: time.Second, OpenFor: time.Second, Probes: 1, ProbeTTL: time.Second}
	for name, change := range map[string]func(*Settings){
		"no ratio":          func(s *Settings) { s.FailureRatio = 0 },
		"half a second":     func(s *Settings) { s.Window = 1500 * time.Millisecond },
		"no probes":         func(s *Settings) { s.Probes = 0 },
		"no time to open":   func(s *Settings) { s.OpenFor = 0 },
		"no minimum":        func(s *Settings) { s.Minimum = 0 },
		"probes for no end": func(s *Settings) { s.ProbeTTL = 0 },
	} {
		s := good
		change(&s)
		if _, err := New(Config{Client: client, Settings: map[string]Settings{"t": s}}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
