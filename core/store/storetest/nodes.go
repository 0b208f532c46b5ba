package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/node"
	"github.com/headrace/headrace/core/task"
)

func exerciseNodes(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"a node comes back as it was registered":        nodeRegistered,
		"a lease is renewed while it holds":             nodeRenewed,
		"a node whose lease has ended is declared dead": nodeDeclaredDead,
		"a node that stops keeps no lease":              nodeEnds,
		"the work of dead nodes is found":               nodeDeadWithWork,
		"nodes are listed newest first":                 nodesListed,
		"members show what they do":                     membersShown,
		"one node leads while its lease holds":          nodeLeads,
		"the epoch of a queue is kept":                  epochKept,
		"the store answers":                             func(f *fixture) { f.ok(f.store.Ping(f.ctx)) },
		"maintenance can be repeated": func(f *fixture) {
			f.ok(f.store.Maintain(f.ctx))
			f.ok(f.store.Maintain(f.ctx))
		},
	})
}

// info finds a node.
func (f *fixture) info(id uuid.UUID) node.Info {
	f.Helper()
	nodes, err := f.store.Nodes(f.ctx)
	f.ok(err)
	i := slices.IndexFunc(nodes, func(n node.Info) bool { return n.ID == id })
	if i < 0 {
		f.Fatalf("node %s is not listed", id)
	}
	return nodes[i]
}

func nodeRegistered(f *fixture) {
	want := node.Info{ID: task.NewID(), Name: "name", Version: "1.2.3", Started: soon(-time.Second), ConfigHash: "abc"}
	f.ok(f.store.RegisterNode(f.ctx, want, longLease, nodeEvent(event.SystemStarted, want.ID)))
	got := f.info(want.ID)
	if left := time.Until(got.LeaseUntil); left < longLease-time.Minute || left > longLease+time.Minute {
		f.Errorf("a lease of %s ends in %s", longLease, left)
	}
	want.LeaseUntil = got.LeaseUntil
	f.same("the node", got, want)
}

func nodeRenewed(f *fixture) {
	id := f.node(time.Minute)
	before := f.info(id).LeaseUntil
	held, err := f.store.RenewNode(f.ctx, id, longLease)
	f.ok(err)
	if after := f.info(id).LeaseUntil; !held || !after.After(before.Add(time.Minute)) {
		f.Errorf("held %v; %s became %s", held, before, after)
	}
	held, err = f.store.RenewNode(f.ctx, task.NewID(), longLease)
	f.ok(err)
	if held {
		f.Errorf("an unknown node holds a lease")
	}
}

func nodeDeclaredDead(f *fixture) {
	living, lapsing := f.node(longLease), f.node(time.Millisecond)
	f.eventually("the node is declared dead", func() bool {
		dead, err := f.store.DeclareDead(f.ctx, lost)
		f.ok(err)
		for _, info := range dead {
			if info.ID == living {
				f.Fatalf("a living node was declared dead")
			}
			if info.DeadAt.IsZero() {
				f.Errorf("declared dead without a time: %+v", info)
			}
		}
		return !f.info(lapsing).DeadAt.IsZero()
	})
	held, err := f.store.RenewNode(f.ctx, lapsing, longLease)
	f.ok(err)
	if held || !f.info(living).DeadAt.IsZero() {
		f.Errorf("the dead node holds its lease: %v; the living one: %+v", held, f.info(living))
	}
	dead, err := f.store.DeclareDead(f.ctx, lost)
	f.ok(err)
	if slices.ContainsFunc(dead, func(n node.Info) bool { return n.ID == lapsing }) {
		f.Errorf("declared dead a second time")
	}
}

func nodeEnds(f *fixture) {
	id := f.node(longLease)
	f.ok(f.store.EndNode(f.ctx, id, nodeEvent(event.SystemStopped, id)))
	at := f.info(id).DeadAt
	held, err := f.store.RenewNode(f.ctx, id, longLease)
	f.ok(err)
	if at.IsZero() || held {
		f.Errorf("ended at %s, holds its lease: %v", at, held)
	}
	f.ok(f.store.EndNode(f.ctx, id, nodeEvent(event.SystemStopped, id)))
	f.same("the time of its end", f.info(id).DeadAt, at)
}

func nodeDeadWithWork(f *fixture) {
	idle, busy, living := f.node(longLease), f.node(longLease), f.node(longLease)
	t := f.claim(busy, f.pending())[0]
	f.claim(living, f.pending())
	for _, id := range []uuid.UUID{idle, busy} {
		f.ok(f.store.EndNode(f.ctx, id, nodeEvent(event.SystemStopped, id)))
	}
	owes := func(id uuid.UUID) bool {
		ids, err := f.store.DeadWithWork(f.ctx)
		f.ok(err)
		return slices.Contains(ids, id)
	}
	if owes(idle) || owes(living) || !owes(busy) {
		f.Errorf("dead with work: idle %v, living %v, busy %v", owes(idle), owes(living), owes(busy))
	}
	f.end(t, task.Pending)
	if owes(busy) {
		f.Errorf("the node owes work that was released")
	}
}

func nodesListed(f *fixture) {
	first, second := f.node(longLease), f.node(longLease)
	nodes, err := f.store.Nodes(f.ctx)
	f.ok(err)
	at := func(id uuid.UUID) int {
		return slices.IndexFunc(nodes, func(n node.Info) bool { return n.ID == id })
	}
	if at(first) < 0 || at(second) < 0 || at(second) > at(first) {
		f.Errorf("positions %d and %d", at(first), at(second))
	}
}

func epochKept(f *fixture) {
	for _, want := range []uuid.UUID{uuid.Nil, uuid.New(), uuid.New()} {
		if want != uuid.Nil {
			f.ok(f.store.SetEpoch(f.ctx, f.typ, want))
		}
		got, err := f.store.Epoch(f.ctx, f.typ)
		f.ok(err)
		f.same("the epoch", got, want)
	}
}

func membersShown(f *fixture) {
	member := func(id uuid.UUID) (node.Member, bool) {
		all, err := f.store.Members(f.ctx, 1000)
		f.ok(err)
		i := slices.IndexFunc(all, func(m node.Member) bool { return m.ID == id })
		if i < 0 {
			return node.Member{}, false
		}
		return all[i], true
	}
	busy, short := f.node(longLease), f.node(time.Second)
	f.claim(busy, f.many(3)...)
	if m, ok := member(busy); !ok || m.State != node.Alive || m.Running != 3 || m.Name != "node" {
		f.Errorf("%v, the busy node is %+v", ok, m)
	}
	f.eventually("the lease has ended", func() bool {
		m, ok := member(short)
		return ok && m.State != node.Alive
	})
	f.ok(f.store.EndNode(f.ctx, busy, nodeEvent(event.SystemStopped, busy)))
	if m, ok := member(busy); !ok || m.State != node.Gone || m.Running != 3 || m.DeadAt.IsZero() {
		f.Errorf("%v, the ended node is %+v", ok, m)
	}
}
