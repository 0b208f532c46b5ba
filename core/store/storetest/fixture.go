package storetest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/node"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

// longLease is a lease that does not end within a test.
const longLease = time.Hour

// patience bounds every wait for the store's clock.
const patience = 10 * time.Second

// tb is what *testing.T and *rapid.T have in common.
type tb interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// fixture is a store with a task type that nobody else uses.
type fixture struct {
	tb
	ctx   context.Context
	store Store
	typ   string
}

func newFixture(t *testing.T, s Store) *fixture {
	t.Helper()
	return &fixture{tb: t, ctx: t.Context(), store: s, typ: uniqueName("type")}
}

// uniqueName returns a name that no other test has.
func uniqueName(prefix string) string {
	return prefix + "-" + strings.ToLower(rand.Text())
}

// ok ends the test on an error.
func (f *fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatalf("unexpected error: %v", err)
	}
}

// refused ends the test unless err blames the data.
func (f *fixture) refused(err error) {
	f.Helper()
	if _, refused := errors.AsType[*task.RefusedError](err); !refused {
		f.Fatalf("got error %v, want a *task.RefusedError", err)
	}
}

// same compares, times to the microsecond.
func (f *fixture) same(what string, got, want any) {
	f.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(time.Microsecond)); diff != "" {
		f.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// submission returns a small pending task that changes may alter.
func (f *fixture) submission(changes ...func(*task.Task)) task.Submission {
	t := task.Task{
		ID: task.NewID(), Type: f.typ, Priority: task.Medium, MaxRetries: 5,
		Payload: json.RawMessage(`{"n": 1}`), CreatedBy: "key:test",
	}
	for _, change := range changes {
		change(&t)
	}
	t.Created = task.CreatedAt(t.ID)
	t.Updated = t.Created
	return task.Submission{Task: t, Event: t.Event(event.TaskCreated, "task accepted", t.EventMetadata())}
}

// insert writes submissions that must all go in, and returns their tasks.
func (f *fixture) insert(subs ...task.Submission) []task.Task {
	f.Helper()
	results, err := f.store.Insert(f.ctx, subs)
	f.ok(err)
	tasks := make([]task.Task, len(subs))
	for i := range subs {
		if results[i].Fate != task.Inserted {
			f.Fatalf("submission %d of %d: fate %d", i, len(subs), results[i].Fate)
		}
		tasks[i] = subs[i].Task
	}
	return tasks
}

// pending inserts one task.
func (f *fixture) pending(changes ...func(*task.Task)) task.Task {
	f.Helper()
	return f.insert(f.submission(changes...))[0]
}

// many inserts n tasks.
func (f *fixture) many(n int, changes ...func(*task.Task)) []task.Task {
	f.Helper()
	subs := make([]task.Submission, n)
	for i := range subs {
		subs[i] = f.submission(changes...)
	}
	return f.insert(subs...)
}

// node registers a node.
func (f *fixture) node(lease time.Duration) uuid.UUID {
	f.Helper()
	info := node.Info{ID: task.NewID(), Name: "node", Version: "test", Started: time.Now().Truncate(time.Microsecond)}
	f.ok(f.store.RegisterNode(f.ctx, info, lease, nodeEvent(event.SystemStarted, info.ID)))
	return info.ID
}

func nodeEvent(kind event.Type, id uuid.UUID) event.Event {
	return event.New(kind, "a node", map[string]string{"nodeId": id.String()})
}

// lost makes the event of a node that was declared dead.
func lost(info node.Info) event.Event { return nodeEvent(event.RecoveryNodeLost, info.ID) }

func idsOf(tasks []task.Task) []uuid.UUID {
	ids := make([]uuid.UUID, len(tasks))
	for i := range tasks {
		ids[i] = tasks[i].ID
	}
	return ids
}

// claim asks for tasks.
func (f *fixture) claim(owner uuid.UUID, tasks ...task.Task) []task.Task {
	f.Helper()
	claimed, err := f.store.Claim(f.ctx, task.ClaimRequest{Node: owner, IDs: idsOf(tasks)})
	f.ok(err)
	return claimed
}

// running inserts and claims one task.
func (f *fixture) running(changes ...func(*task.Task)) task.Task {
	f.Helper()
	return f.run(f.pending(changes...))
}

// run claims a task, which must be there to be claimed, on a node of its own.
func (f *fixture) run(t task.Task) task.Task {
	f.Helper()
	claimed := f.claim(f.node(longLease), t)
	if len(claimed) != 1 {
		f.Fatalf("task %s cannot be claimed", t.ID)
	}
	return claimed[0]
}

// eventOf maps the new status of a settlement to the type of its event.
func eventOf(to task.Status) event.Type {
	switch to {
	case task.Pending:
		return event.TaskRetried
	case task.DeadLetter:
		return event.TaskDeadLettered
	case task.Failed:
		return event.TaskFailed
	case task.Cancelled:
		return event.TaskCancelled
	case task.Completed:
		return event.TaskCompleted
	default:
		return event.TaskStarted
	}
}

// away is a failure to settle with.
func away() *task.Failure {
	return &task.Failure{Code: fault.NetworkError, Message: "away", Details: json.RawMessage(`{"host":"a"}`)}
}

// settlement ends an attempt at t.
func settlement(t task.Task, to task.Status) task.Settlement {
	item := task.Settlement{
		ID: t.ID, From: t.Status, Attempt: t.Attempt, To: to, Event: t.Event(eventOf(to), "ended", t.EventMetadata()),
	}
	switch to {
	case task.Completed:
		item.Result = json.RawMessage(`{"done": true}`)
	case task.Pending:
	default:
		item.Error = away()
	}
	return item
}

// settle makes one settlement and returns its fate.
func (f *fixture) settle(item task.Settlement) task.Settled {
	f.Helper()
	fates, err := f.store.Settle(f.ctx, []task.Settlement{item})
	f.ok(err)
	if len(fates) != 1 {
		f.Fatalf("one settlement has %d fates", len(fates))
	}
	return fates[0]
}

// end settles a running task, which must succeed.
func (f *fixture) end(t task.Task, to task.Status) {
	f.Helper()
	if fate := f.settle(settlement(t, to)); fate != task.SettledNow {
		f.Fatalf("settling %s as %s: fate %d", t.ID, to, fate)
	}
}

// get finds a task that must be there.
func (f *fixture) get(id uuid.UUID) task.Task {
	f.Helper()
	t, found, err := f.store.Get(f.ctx, id)
	f.ok(err)
	if !found {
		f.Fatalf("task %s is not there", id)
	}
	return t
}

// absent fails the test if a task is there.
func (f *fixture) absent(id uuid.UUID) {
	f.Helper()
	if _, found, err := f.store.Get(f.ctx, id); err != nil || found {
		f.Fatalf("task %s: found %v, error %v; want none", id, found, err)
	}
}

// cancel asks for the end of a task.
func (f *fixture) cancel(id uuid.UUID) (task.Task, task.CancelOutcome) {
	f.Helper()
	t, outcome, err := f.tryCancel(id)
	f.ok(err)
	return t, outcome
}

// tryCancel is cancel for goroutines, which cannot end the test.
func (f *fixture) tryCancel(id uuid.UUID) (task.Task, task.CancelOutcome, error) {
	return f.store.Cancel(f.ctx, task.CancelRequest{
		ID: id,
		Cancelled: func(t *task.Task) event.Event {
			return t.Event(event.TaskCancelled, "cancelled", t.EventMetadata())
		},
		Asked: func(t *task.Task) event.Event {
			return t.Event(event.TaskCancelRequested, "asked", t.EventMetadata())
		},
	})
}

// trail returns the types of a task's events, oldest first.
func (f *fixture) trail(id uuid.UUID) []event.Type {
	f.Helper()
	var types []event.Type
	for after := uuid.Nil; ; {
		events, next, err := f.store.TaskEvents(f.ctx, id, after, 100)
		f.ok(err)
		for i := range events {
			types = append(types, events[i].Type)
		}
		if next == uuid.Nil {
			return types
		}
		after = next
	}
}

// wantTrail compares the types of a task's events.
func (f *fixture) wantTrail(id uuid.UUID, want ...event.Type) {
	f.Helper()
	f.same("events of the task", f.trail(id), want)
}

// eventually waits for something that the store's clock brings about.
func (f *fixture) eventually(what string, is func() bool) {
	f.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	ctx, cancel := context.WithTimeout(f.ctx, patience)
	defer cancel()
	for !is() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			f.Fatalf("waited in vain: %s", what)
		}
	}
}

// soon is a time that is about to come, in the precision of the stores.
func soon(in time.Duration) time.Time {
	return time.Now().Add(in).UTC().Truncate(time.Microsecond)
}
