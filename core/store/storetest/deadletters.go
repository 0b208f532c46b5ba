package storetest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/deadletter"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

func exerciseDeadLetters(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"a redrive begins anew and keeps the attempt":        redriveBeginsAnew,
		"a redrive keeps a deadline that is still to come":   redriveKeepsDeadline,
		"only dead letters are redriven":                     redriveRefusesOthers,
		"a unique key that is taken holds a redrive back":    redriveUniqueTaken,
		"a redriven task can be claimed, and die again":      redriveTwice,
		"a removed dead letter is gone, with its event":      removeDead,
		"only dead letters are removed":                      removeRefusesOthers,
		"dead letters are counted by type and code":          countDead,
		"briefs say what groups are made of":                 deadBriefs,
		"only what is still the same dead letter is evicted": evictFenced,
	})
}

// dead inserts a task, runs it and lets it die with a code.
func (f *fixture) dead(code fault.Code, changes ...func(*task.Task)) task.Task {
	f.Helper()
	return f.kill(f.pending(changes...), code)
}

// kill runs a pending task and lets it die.
func (f *fixture) kill(t task.Task, code fault.Code) task.Task {
	f.Helper()
	running := f.run(t)
	item := settlement(running, task.DeadLetter)
	item.Error = &task.Failure{Code: code, Message: "gone \x00 \"5\"", Details: json.RawMessage(`{"n":1}`)}
	item.Retries, item.Crashes, item.Lapses = 3, 2, 1
	if fate := f.settle(item); fate != task.SettledNow {
		f.Fatalf("a task does not die: fate %d", fate)
	}
	return f.get(t.ID)
}

func redriven(t *task.Task) event.Event {
	return t.Event(event.TaskRedriven, "redriven", t.EventMetadata())
}

func evicted(t *task.Task) event.Event {
	return t.Event(event.TaskDeadLetterEvicted, "evicted", t.EventMetadata())
}

func removed(t *task.Task) event.Event {
	return t.Event(event.TaskDeadLetterRemoved, "removed", t.EventMetadata())
}

// redrive redrives one task.
func (f *fixture) redrive(id uuid.UUID) deadletter.Changed {
	f.Helper()
	changed, err := f.store.Redrive(f.ctx, deadletter.Change{ID: id, Event: redriven})
	f.ok(err)
	return changed
}

func redriveBeginsAnew(f *fixture) {
	deadline := soon(300 * time.Millisecond)
	t := f.dead(fault.NetworkError, func(t *task.Task) { t.Deadline, t.Description = deadline, "d" })
	f.eventually("the deadline passes", func() bool { return time.Now().After(deadline.Add(20 * time.Millisecond)) })
	changed := f.redrive(t.ID)
	if changed.Outcome != deadletter.Done {
		f.Fatalf("outcome %d", changed.Outcome)
	}
	want := t
	want.Status, want.RetryCount, want.CrashCount, want.LapseCount, want.RedriveCount = task.Pending, 0, 0, 0, 1
	want.Deadline, want.Updated = time.Time{}, changed.Task.Updated
	f.same("the answer", changed.Task, want)
	f.same("the task", f.get(t.ID), want)
	if !changed.Task.Updated.After(t.Updated) {
		f.Errorf("updated %s, before %s", changed.Task.Updated, t.Updated)
	}
	hints, err := f.store.Waiting(f.ctx, f.typ, t.Priority, 10)
	f.ok(err)
	f.same("what waits", hints, []task.Hint{task.HintOf(&changed.Task)})
	f.wantTrail(t.ID, event.TaskCreated, event.TaskDeadLettered, event.TaskRedriven)
}

func redriveKeepsDeadline(f *fixture) {
	t := f.dead(fault.NetworkError, func(t *task.Task) { t.Deadline = soon(time.Hour) })
	f.same("the deadline", f.redrive(t.ID).Task.Deadline, t.Deadline)
}

func redriveRefusesOthers(f *fixture) {
	waiting, running := f.pending(), f.running()
	done := f.running()
	f.end(done, task.Completed)
	for _, id := range []uuid.UUID{waiting.ID, running.ID, done.ID} {
		before := f.get(id)
		changed := f.redrive(id)
		if changed.Outcome != deadletter.NotDead || changed.Task.Status != before.Status {
			f.Errorf("%s: outcome %d, task %s", before.Status, changed.Outcome, changed.Task.Status)
		}
		f.same("the task", f.get(id), before)
		if slices.Contains(f.trail(id), event.TaskRedriven) {
			f.Errorf("%s: an event of what did not happen", before.Status)
		}
	}
	if changed := f.redrive(task.NewID()); changed.Outcome != deadletter.Unknown {
		f.Errorf("an unknown task: outcome %d", changed.Outcome)
	}
}

func redriveUniqueTaken(f *fixture) {
	keyed := func(t *task.Task) { t.UniqueKey = "only one" }
	t := f.dead(fault.NetworkError, keyed)
	holder := f.pending(keyed)
	changed := f.redrive(t.ID)
	if changed.Outcome != deadletter.UniqueTaken || changed.Holder != holder.ID {
		f.Errorf("outcome %d, holder %s, want %s", changed.Outcome, changed.Holder, holder.ID)
	}
	f.same("the dead letter", f.get(t.ID), t)
	f.wantTrail(t.ID, event.TaskCreated, event.TaskDeadLettered)
	f.cancel(holder.ID)
	if changed := f.redrive(t.ID); changed.Outcome != deadletter.Done {
		f.Errorf("the key is free again: outcome %d", changed.Outcome)
	}
}

func redriveTwice(f *fixture) {
	t := f.dead(fault.NetworkError)
	f.redrive(t.ID)
	again := f.kill(f.get(t.ID), fault.NotFound)
	if again.Attempt != 2 || again.RedriveCount != 1 || again.RetryCount != 3 {
		f.Errorf("attempt %d, redrives %d, retries %d", again.Attempt, again.RedriveCount, again.RetryCount)
	}
	f.redrive(t.ID)
	f.wantTrail(t.ID, event.TaskCreated, event.TaskDeadLettered, event.TaskRedriven, event.TaskDeadLettered, event.TaskRedriven)
}

func removeDead(f *fixture) {
	t := f.dead(fault.NetworkError)
	remove := func() deadletter.Outcome {
		changed, err := f.store.RemoveDead(f.ctx, deadletter.Change{ID: t.ID, Event: removed})
		f.ok(err)
		return changed.Outcome
	}
	if outcome := remove(); outcome != deadletter.Done {
		f.Fatalf("outcome %d", outcome)
	}
	f.absent(t.ID)
	if outcome := remove(); outcome != deadletter.Unknown {
		f.Errorf("a second time: outcome %d", outcome)
	}
	f.wantTrail(t.ID, event.TaskCreated, event.TaskDeadLettered, event.TaskDeadLetterRemoved)
}

func removeRefusesOthers(f *fixture) {
	t := f.pending()
	changed, err := f.store.RemoveDead(f.ctx, deadletter.Change{ID: t.ID, Event: removed})
	f.ok(err)
	if changed.Outcome != deadletter.NotDead || changed.Task.Status != task.Pending {
		f.Errorf("outcome %d, task %s", changed.Outcome, changed.Task.Status)
	}
	f.same("the task", f.get(t.ID), t)
}

func countDead(f *fixture) {
	f.dead(fault.NetworkError)
	f.dead(fault.NetworkError)
	f.dead(fault.NotFound)
	f.pending()
	for want, filter := range map[int64]deadletter.Filter{
		3: {Type: f.typ}, 2: {Type: f.typ, Code: string(fault.NetworkError)}, 0: {Type: f.typ, Code: string(fault.TaskTimeout)},
	} {
		n, err := f.store.CountDead(f.ctx, filter)
		f.ok(err)
		if n != want {
			f.Errorf("%+v: %d, want %d", filter, n, want)
		}
	}
}

func deadBriefs(f *fixture) {
	first, second := f.dead(fault.NetworkError), f.dead(fault.NotFound)
	f.pending()
	var found []deadletter.Brief
	for before := uuid.Nil; ; {
		page, err := f.store.DeadBriefs(f.ctx, before, 2)
		f.ok(err)
		found = append(found, page...)
		if len(page) < 2 {
			break
		}
		before = page[1].ID
	}
	found = slices.DeleteFunc(found, func(b deadletter.Brief) bool { return b.Type != f.typ })
	f.same("the briefs", found, []deadletter.Brief{
		{ID: second.ID, Type: f.typ, Code: "not_found", Message: second.Error.Message, Died: second.Updated},
		{ID: first.ID, Type: f.typ, Code: "network_error", Message: first.Error.Message, Died: first.Updated},
	})
}

func evictFenced(f *fixture) {
	same, revived, again := f.dead(fault.NotFound), f.dead(fault.NotFound), f.dead(fault.NotFound)
	f.redrive(revived.ID)
	f.redrive(again.ID)
	f.kill(f.get(again.ID), fault.NotFound)
	further := event.New(event.DataArchiveWritten, "archived", map[string]string{"taskId": same.ID.String()})
	n, err := f.store.EvictDead(f.ctx, []task.Task{same, revived, again}, evicted, []event.Event{further})
	f.ok(err)
	if n != 1 {
		f.Errorf("%d evicted, want 1", n)
	}
	f.absent(same.ID)
	f.get(revived.ID)
	f.get(again.ID)
	trail := f.trail(same.ID)
	slices.Sort(trail)
	f.same("events", trail, []event.Type{event.DataArchiveWritten, event.TaskCreated, event.TaskDeadLetterEvicted, event.TaskDeadLettered})
	n, err = f.store.EvictDead(f.ctx, []task.Task{same}, evicted, []event.Event{event.New(event.DataArchiveWritten, "x", map[string]string{"taskId": same.ID.String()})})
	f.ok(err)
	if n != 0 || len(f.trail(same.ID)) != 4 {
		f.Errorf("a second time: %d evicted, events %v", n, f.trail(same.ID))
	}
}

// exerciseDeadUpkeep tests what looks at all dead letters, one test after the
// other on a store of its own.
func exerciseDeadUpkeep(t *testing.T, s Store) {
	f := newFixture(t, s)
	tasks := make([]task.Task, 5)
	for i := range tasks {
		tasks[i] = f.pending()
	}
	order := []int{3, 0, 4, 1, 2} // they die in another order than they were made
	var died []uuid.UUID
	for _, i := range order {
		f.kill(tasks[i], fault.NetworkError)
		died = append(died, tasks[i].ID)
	}
	f.pending()
	upkeepLists(f, died)
	upkeepRetries(f, died)
}

func upkeepLists(f *fixture, died []uuid.UUID) {
	beyond, err := f.store.DeadBeyond(f.ctx, 3, 10)
	f.ok(err)
	f.same("the oldest that are too many", idsOf(beyond), died[:2])
	beyond, err = f.store.DeadBeyond(f.ctx, 0, 4)
	f.ok(err)
	f.same("a bounded list", idsOf(beyond), died[:4])
	beyond, err = f.store.DeadBeyond(f.ctx, 5, 10)
	f.ok(err)
	f.same("none too many", idsOf(beyond), []uuid.UUID{})
	older, err := f.store.DeadOlder(f.ctx, 0, 3)
	f.ok(err)
	f.same("the oldest", idsOf(older), died[:3])
	older, err = f.store.DeadOlder(f.ctx, time.Hour, 10)
	f.ok(err)
	f.same("none too old", idsOf(older), []uuid.UUID{})
}

func upkeepRetries(f *fixture, died []uuid.UUID) {
	retry := func(limit int, backoff time.Duration, most int) int {
		tasks, err := f.store.RetryDead(f.ctx, limit, backoff, most, redriven)
		f.ok(err)
		return len(tasks)
	}
	if n := retry(3, time.Hour, 10); n != 0 {
		f.Errorf("%d were retried before their time", n)
	}
	if n := retry(1, time.Microsecond, 2); n != 2 {
		f.Errorf("%d were retried, want the bound of 2", n)
	}
	if n := retry(1, time.Microsecond, 10); n != 3 {
		f.Errorf("%d were retried, want the other 3", n)
	}
	f.wantTrail(died[0], event.TaskCreated, event.TaskDeadLettered, event.TaskRedriven)
	f.kill(f.get(died[0]), fault.NetworkError)
	if n := retry(1, time.Microsecond, 10); n != 0 {
		f.Errorf("%d were retried beyond the limit", n)
	}
	if n := retry(2, 20*time.Minute, 10); n != 0 {
		f.Errorf("%d were retried before their time", n)
	}
	keyed := func(t *task.Task) { t.UniqueKey = "upkeep" }
	held := f.dead(fault.NetworkError, keyed)
	f.pending(keyed)
	if n := retry(2, time.Microsecond, 10); n != 1 {
		f.Errorf("%d were retried, want the one whose key is free", n)
	}
	f.same("what is held back", f.get(held.ID), held)
}
