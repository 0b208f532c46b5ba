package postgres

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/node"
	"github.com/headrace/headrace/core/task"
)

// TestLimitHoldsBetweenNodes lets several nodes, each with connections of its own,
// claim tasks of one type at once.
func TestLimitHoldsBetweenNodes(t *testing.T) {
	t.Parallel()
	const (
		nodes  = 4
		most   = 3
		rounds = 25
	)
	url := migrated(t)
	var stores [nodes]*Store
	var owners [nodes]uuid.UUID
	for i := range stores {
		stores[i], owners[i] = openStore(t, url), task.NewID()
		info := node.Info{ID: owners[i], Name: "n", Version: "test", Started: time.Now()}
		if err := stores[i].RegisterNode(t.Context(), info, time.Hour, event.New(event.SystemStarted, "a node", struct{}{})); err != nil {
			t.Fatal(err)
		}
	}
	for range rounds {
		typ := "type-" + task.NewID().String()
		ids := insertWaiting(t, stores[0], typ, 8)
		begin := make(chan struct{})
		var all sync.WaitGroup
		var mu sync.Mutex
		claimed := 0
		for i, s := range stores {
			all.Go(func() {
				<-begin
				got, err := s.ClaimWithin(t.Context(), task.ClaimRequest{Node: owners[i], IDs: ids[2*i:]}, task.RunningLimit{Type: typ, Most: most})
				mu.Lock()
				defer mu.Unlock()
				if claimed += len(got.Tasks); err != nil {
					t.Error(err)
				}
			})
		}
		close(begin)
		all.Wait()
		if claimed == 0 || claimed > most {
			t.Fatalf("%d run at a time, the limit is %d", claimed, most)
		}
	}
}

// insertWaiting inserts n tasks of a type.
func insertWaiting(t *testing.T, s *Store, typ string, n int) []uuid.UUID {
	t.Helper()
	subs, ids := make([]task.Submission, n), make([]uuid.UUID, n)
	for i := range subs {
		one := task.Task{ID: task.NewID(), Type: typ, Priority: task.Medium, CreatedBy: "key:test"}
		one.Created = task.CreatedAt(one.ID)
		one.Updated, ids[i] = one.Created, one.ID
		subs[i] = task.Submission{Task: one, Event: one.Event(event.TaskCreated, "task accepted", one.EventMetadata())}
	}
	if _, err := s.Insert(t.Context(), subs); err != nil {
		t.Fatal(err)
	}
	return ids
}
