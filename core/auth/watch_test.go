package auth_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/core/event"
)

// recorder keeps events.
type recorder struct {
	mu     sync.Mutex
	events []event.Event
	err    error
}

func (r *recorder) Record(_ context.Context, events []event.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, events...)
	return r.err
}

func TestRefusalsAreRecordedAtABoundedRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		w, err := auth.NewWatch(auth.WatchConfig{Recorder: r, PerSecond: 1, Burst: 2})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := w.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		for range 100 {
			w.AuthFailed(auth.Refusal{Address: "192.0.2.1"})
		}
		time.Sleep(time.Second) // the bubble's clock
		w.Forbidden(auth.Refusal{Address: "192.0.2.1", Principal: "key:x", Operation: "submitTask"})
		stop()
		running.Wait()
		if len(r.events) != 3 || r.events[0].Type != event.SecurityAuthFailed || r.events[2].Type != event.SecurityForbidden {
			t.Fatalf("%d events: %v", len(r.events), r.events)
		}
		if last := string(r.events[2].Metadata); !strings.Contains(last, `"withheld":98`) || !strings.Contains(last, `"userId":"key:x"`) {
			t.Errorf("metadata %s", last)
		}
	})
}

func TestWatchNeverBlocks(t *testing.T) {
	t.Parallel()
	w, err := auth.NewWatch(auth.WatchConfig{Recorder: &recorder{err: errors.New("away")}, PerSecond: 1_000_000, Burst: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 { // nobody runs it: its queue is full after 256
		w.AuthFailed(auth.Refusal{})
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := w.Run(ctx); err != nil {
		t.Error(err)
	}
}
