package node_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rows is a store of nodes that can be away, hang, or take a lease away.
type rows struct {
	mu         sync.Mutex
	registered []uuid.UUID
	ended      []uuid.UUID
	renewals   int
	away       error
	hang       bool
	taken      bool
}

func (r *rows) RegisterNode(_ context.Context, info node.Info, _ time.Duration, _ event.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away != nil || r.hang {
		return errors.New("away")
	}
	r.registered = append(r.registered, info.ID)
	r.taken = false
	return nil
}

func (r *rows) RenewNode(ctx context.Context, _ uuid.UUID, _ time.Duration) (bool, error) {
	r.mu.Lock()
	hang, away, taken := r.hang, r.away, r.taken
	r.renewals++
	r.mu.Unlock()
	if hang {
		<-ctx.Done()
		return false, ctx.Err()
	}
	return !taken, away
}

func (r *rows) EndNode(_ context.Context, id uuid.UUID, _ event.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = append(r.ended, id)
	return nil
}

func (r *rows) set(change func(*rows)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r)
}

// keep runs a keeper with a lease of 15 s and returns a way to stop it.
func keep(t *testing.T, store *rows, lost func()) (*node.Keeper, func()) {
	t.Helper()
	k, err := node.NewKeeper(node.Config{Store: store, Name: "n", Version: "v", Lease: 15 * time.Second, Lost: lost})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Register(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	return k, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestLeaseIsRenewedAThirdOfItsLength(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &rows{}
		k, stop := keep(t, store, func() { t.Error("lost") })
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, holds := k.Holds(); !holds || store.renewals != 12 {
			t.Errorf("holds %v after %d renewals, want true after 12", holds, store.renewals)
		}
		stop()
		if err := k.End(t.Context()); err != nil || len(store.ended) != 1 {
			t.Errorf("ended %v, %v", store.ended, err)
		}
		if _, holds := k.Holds(); holds {
			t.Error("an ended node still holds its lease")
		}
	})
}

func TestWorkStopsBeforeTheLeaseEndsWhenTheStoreIsAway(t *testing.T) {
	for name, broken := range map[string]func(*rows){
		"refused": func(r *rows) { r.away = errors.New("connection refused") },
		"hanging": func(r *rows) { r.hang = true },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &rows{}
				var lostAt time.Time
				began := time.Now()
				k, stop := keep(t, store, func() { lostAt = time.Now() })
				store.set(broken)
				time.Sleep(15*time.Second - time.Millisecond)
				synctest.Wait()
				if lostAt.IsZero() {
					t.Fatal("the work was not stopped within the lease")
				}
				if after := lostAt.Sub(began); after < 12*time.Second {
					t.Errorf("stopped after %v, before the trust ended", after)
				}
				store.set(func(r *rows) { r.away, r.hang = nil, false })
				time.Sleep(10 * time.Second)
				synctest.Wait()
				if id, holds := k.Holds(); !holds || len(store.registered) != 2 || id != store.registered[1] {
					t.Errorf("holds %v as %v, registered %v: want a second id", holds, id, store.registered)
				}
				stop()
			})
		})
	}
}

func TestANodeThatWasDeclaredDeadGoesOnUnderANewID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &rows{}
		losses := 0
		k, stop := keep(t, store, func() { losses++ })
		store.set(func(r *rows) { r.taken = true })
		time.Sleep(6 * time.Second)
		synctest.Wait()
		id, holds := k.Holds()
		if losses != 1 || !holds || len(store.registered) != 2 || id != store.registered[1] {
			t.Errorf("%d losses, holds %v as %v, registered %v", losses, holds, id, store.registered)
		}
		stop()
	})
}
