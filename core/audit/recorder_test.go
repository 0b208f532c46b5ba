package audit_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/audit"
	"github.com/headrace/headrace/core/event"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// log is a store that can be away.
type log struct {
	mu     sync.Mutex
	away   bool
	events []event.Event
}

func (l *log) Record(_ context.Context, events []event.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away {
		return errors.New("away")
	}
	l.events = append(l.events, events...)
	return nil
}

func (l *log) set(away bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = away
}

func newEvent() event.Event { return event.New(event.SystemPluginCrashed, "", struct{}{}) }

func TestEventsOutliveAStoreThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, reg := &log{away: true}, prometheus.NewRegistry()
		r, err := audit.NewRecorder(audit.Config{Store: store, Most: 3, Registerer: reg})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		var sent []event.Event
		for range 4 {
			sent = append(sent, newEvent())
			r.Record(sent[len(sent)-1])
		}
		time.Sleep(time.Minute)
		store.set(false)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(store.events) != 3 || store.events[0].ID != sent[0].ID {
			t.Errorf("%d events written, want the first 3", len(store.events))
		}
		if n, err := testutil.GatherAndCount(reg, "headrace_audit_dropped_total"); err != nil || n != 1 {
			t.Errorf("drops are not counted: %d, %v", n, err)
		}
		r.Record(newEvent())
		cancel()
		if err := <-ended; err != nil || len(store.events) != 4 {
			t.Errorf("%d events after the stop (%v), want 4", len(store.events), err)
		}
	})
}
