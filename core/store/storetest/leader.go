package storetest

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
)

// lead asks for the lead.
func (f *fixture) lead(id uuid.UUID) bool {
	f.Helper()
	leads, err := f.store.Lead(f.ctx, id, nodeEvent(event.SystemLeaderChanged, id))
	f.ok(err)
	return leads
}

// nodeLeads is one case: there is one leader, so two cases would disturb each
// other.
func nodeLeads(f *fixture) {
	winner := contend(f)
	f.ok(f.store.EndNode(f.ctx, winner, nodeEvent(event.SystemStopped, winner)))
	first, second := f.node(longLease), f.node(longLease)
	for range 2 {
		if !f.lead(first) || f.lead(second) {
			f.Fatalf("the first node does not lead alone")
		}
	}
	f.ok(f.store.EndNode(f.ctx, first, nodeEvent(event.SystemStopped, first)))
	if f.lead(first) {
		f.Errorf("an ended node leads")
	}
	if !f.lead(second) {
		f.Errorf("nobody leads after the first node has ended")
	}
	f.ok(f.store.EndNode(f.ctx, second, nodeEvent(event.SystemStopped, second)))

	short := f.node(time.Second)
	if !f.lead(short) {
		f.Fatalf("the third node does not lead")
	}
	heir := f.node(longLease)
	f.eventually("the lead to pass on when the lease has ended", func() bool { return f.lead(heir) })
	if f.lead(short) {
		f.Errorf("a node without a lease leads")
	}
	if f.lead(uuid.New()) {
		f.Errorf("an unknown node leads")
	}
}

// contend lets many nodes ask at once and returns the one that leads.
func contend(f *fixture) (winner uuid.UUID) {
	f.Helper()
	nodes := make([]uuid.UUID, 8)
	leads := make([]bool, len(nodes))
	for i := range nodes {
		nodes[i] = f.node(longLease)
	}
	var asking sync.WaitGroup
	for i := range nodes {
		asking.Go(func() { leads[i] = f.lead(nodes[i]) })
	}
	asking.Wait()
	count := 0
	for i, l := range leads {
		if l {
			winner = nodes[i]
			count++
		}
	}
	if count != 1 {
		f.Fatalf("%d nodes lead", count)
	}
	return winner
}
