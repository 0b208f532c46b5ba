package storetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

func exerciseInsert(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"a task comes back as it was submitted":              insertKeepsAll,
		"what is absent stays absent":                        insertKeepsAbsence,
		"documents are kept to the letter":                   insertKeepsLetters,
		"every task has its event":                           insertRecords,
		"an empty group is no error":                         insertNothing,
		"a unique key admits one living task":                uniqueAdmitsOne,
		"a unique key admits one task of a group":            uniqueWithinGroup,
		"a unique key belongs to a type":                     uniquePerType,
		"a unique key is free once its task has ended":       uniqueFreed,
		"a value that cannot be kept blames the data":        insertRefuses,
		"an id that exists is refused, and nothing written":  insertRefusesKnownID,
		"a group of a thousand goes in at once":              insertThousand,
		"tasks and events of other days are written as well": insertOtherDays,
	})
}

// fullTask fills in all that a submission can have.
func fullTask(t *task.Task) {
	t.Priority = task.Critical
	t.Description = "résumé ☕ of \"it\" \\ 'all'"
	t.Payload = json.RawMessage(`{"z": [1, 2.50, null],  "a": "ü\u00e9\n"}`)
	t.Metadata = json.RawMessage(`{"tenant": "acme", "n": 12}`)
	t.RunAt = soon(-time.Minute)
	t.Deadline = soon(time.Hour)
	t.MaxRetries = 7
	t.UniqueKey = "order-" + t.ID.String()
	t.CorrelationID = uuid.New()
	t.CreatedBy = "key:018f"
	t.Traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
}

func insertKeepsAll(f *fixture) {
	want := f.pending(fullTask)
	f.same("the task", f.get(want.ID), want)
}

func insertKeepsAbsence(f *fixture) {
	want := f.pending(func(t *task.Task) { t.Payload = nil })
	got := f.get(want.ID)
	f.same("the task", got, want)
	if got.Error != nil || len(got.Result) > 0 || len(got.Metadata) > 0 || !got.RunAt.IsZero() || !got.Deadline.IsZero() {
		f.Errorf("absent fields came back: %+v", got)
	}
}

func insertKeepsLetters(f *fixture) {
	for _, document := range []string{
		`9007199254740993`, `1e400`, `-0`, `1.10`, `"\u0041\ud83d\ude00"`, `{"a":1,"a":2}`, ` [ ] `, `null`, `{"b":1,"a":2}`,
	} {
		got := f.get(f.pending(func(t *task.Task) { t.Payload = json.RawMessage(document) }).ID)
		f.same("the payload", string(got.Payload), document)
	}
}

func insertRecords(f *fixture) {
	sub := f.submission(fullTask)
	sub.Event.ParentID = uuid.New()
	f.insert(sub)
	events, next, err := f.store.TaskEvents(f.ctx, sub.Task.ID, uuid.Nil, 10)
	f.ok(err)
	if len(events) != 1 || next != uuid.Nil {
		f.Fatalf("%d events, next %s", len(events), next)
	}
	f.sameEvent(events[0], sub.Event)
}

func insertNothing(f *fixture) {
	results, err := f.store.Insert(f.ctx, nil)
	f.ok(err)
	if len(results) != 0 {
		f.Errorf("%d results for no submission", len(results))
	}
}

func withUnique(key string) func(*task.Task) {
	return func(t *task.Task) { t.UniqueKey = key }
}

func uniqueAdmitsOne(f *fixture) {
	first := f.pending(withUnique("k"))
	second, neighbour := f.submission(withUnique("k")), f.submission()
	results, err := f.store.Insert(f.ctx, []task.Submission{second, neighbour})
	f.ok(err)
	f.same("fates", results, []task.InsertResult{{Fate: task.UniqueTaken, Holder: first.ID}, {Fate: task.Inserted}})
	f.absent(second.Task.ID)
	f.wantTrail(second.Task.ID)
	f.wantTrail(neighbour.Task.ID, event.TaskCreated)
}

func uniqueWithinGroup(f *fixture) {
	subs := []task.Submission{f.submission(withUnique("k")), f.submission(), f.submission(withUnique("k")), f.submission(withUnique("l"))}
	results, err := f.store.Insert(f.ctx, subs)
	f.ok(err)
	f.same("fates", results, []task.InsertResult{
		{Fate: task.Inserted}, {Fate: task.Inserted}, {Fate: task.UniqueTaken, Holder: subs[0].Task.ID}, {Fate: task.Inserted},
	})
	f.absent(subs[2].Task.ID)
	for _, i := range []int{0, 1, 3} {
		f.wantTrail(subs[i].Task.ID, event.TaskCreated)
	}
}

func uniquePerType(f *fixture) {
	f.pending(withUnique("k"))
	f.pending(withUnique("k"), func(t *task.Task) { t.Type = uniqueName("other") })
}

func uniqueFreed(f *fixture) {
	taken := func(when string) {
		results, err := f.store.Insert(f.ctx, []task.Submission{f.submission(withUnique("k"))})
		f.ok(err)
		if results[0].Fate != task.UniqueTaken {
			f.Fatalf("%s: fate %d, want the key to be taken", when, results[0].Fate)
		}
	}
	for _, to := range []task.Status{task.Completed, task.Failed, task.DeadLetter} {
		t := f.running(withUnique("k"))
		taken("running")
		f.end(t, task.Pending)
		taken("waiting again")
		f.end(f.run(t), to)
	}
	f.cancel(f.pending(withUnique("k")).ID)
	f.pending(withUnique("k"))
}

func insertRefuses(f *fixture) {
	for name, spoil := range map[string]func(*task.Task){
		"NUL in a text":     func(t *task.Task) { t.Description = "a\x00b" },
		"no UTF-8":          func(t *task.Task) { t.UniqueKey = "a\xff" },
		"no JSON":           func(t *task.Task) { t.Payload = json.RawMessage(`{"a":`) },
		"metadata not JSON": func(t *task.Task) { t.Metadata = json.RawMessage(`{a: 1}`) },
	} {
		good, bad := f.submission(), f.submission(spoil)
		_, err := f.store.Insert(f.ctx, []task.Submission{good, bad})
		if err == nil {
			f.Fatalf("%s was accepted", name)
		}
		f.refused(err)
		f.absent(good.Task.ID)
		f.wantTrail(good.Task.ID)
		f.insert(good)
	}
}

func insertRefusesKnownID(f *fixture) {
	known, good := f.submission(), f.submission()
	f.insert(known)
	again := known
	again.Event = known.Task.Event(event.TaskCreated, "again", known.Task.EventMetadata())
	_, err := f.store.Insert(f.ctx, []task.Submission{good, again})
	f.refused(err)
	f.absent(good.Task.ID)
	f.wantTrail(known.Task.ID, event.TaskCreated)
}

func insertThousand(f *fixture) {
	tasks := f.many(1000)
	depths, err := f.store.Depths(f.ctx)
	f.ok(err)
	if depths[f.typ] != int64(len(tasks)) {
		f.Errorf("%d of %d are waiting", depths[f.typ], len(tasks))
	}
}

// idAt makes an id that was created at another time.
func idAt(at time.Time) uuid.UUID {
	id := task.NewID()
	ms := at.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	return id
}

func insertOtherDays(f *fixture) {
	for _, at := range []time.Time{time.Now().AddDate(0, 0, -40), time.Now().AddDate(0, 0, 20)} {
		sub := f.submission(func(t *task.Task) { t.ID = idAt(at) })
		sub.Event.ID = idAt(at)
		sub.Event.Timestamp = event.TimeOf(sub.Event.ID)
		f.insert(sub)
		f.wantTrail(sub.Task.ID, event.TaskCreated)
		f.end(f.run(sub.Task), task.Completed)
		if got := f.get(sub.Task.ID); got.Status != task.Completed || !got.Created.Equal(task.CreatedAt(sub.Task.ID)) {
			f.Errorf("a task of %s: %s, created %s", at, got.Status, got.Created)
		}
	}
}

func exerciseInsertAll(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"all go in together": func(f *fixture) {
			subs := []task.Submission{f.submission(withUnique("a")), f.submission()}
			results, err := f.store.InsertAll(f.ctx, subs)
			f.ok(err)
			f.same("fates", results, make([]task.InsertResult, 2))
			for i := range subs {
				f.wantTrail(subs[i].Task.ID, event.TaskCreated)
			}
		},
		"one refused keeps out all": func(f *fixture) {
			holder := f.pending(withUnique("a"))
			subs := []task.Submission{f.submission(), f.submission(withUnique("a")), f.submission(withUnique("b"))}
			results, err := f.store.InsertAll(f.ctx, subs)
			f.ok(err)
			f.same("fates", results, []task.InsertResult{
				{Fate: task.NotInserted}, {Fate: task.UniqueTaken, Holder: holder.ID}, {Fate: task.NotInserted},
			})
			for i := range subs {
				f.absent(subs[i].Task.ID)
				f.wantTrail(subs[i].Task.ID)
			}
			f.pending(withUnique("b"))
		},
		"a unique key twice keeps out all": func(f *fixture) {
			subs := []task.Submission{f.submission(withUnique("a")), f.submission(withUnique("a"))}
			results, err := f.store.InsertAll(f.ctx, subs)
			f.ok(err)
			f.same("fates", []task.Insertion{results[0].Fate, results[1].Fate}, []task.Insertion{task.NotInserted, task.UniqueTaken})
			f.absent(subs[0].Task.ID)
		},
		"a value that cannot be kept keeps out all": func(f *fixture) {
			good, bad := f.submission(), f.submission(func(t *task.Task) { t.Description = "\x00" })
			_, err := f.store.InsertAll(f.ctx, []task.Submission{good, bad})
			f.refused(err)
			f.absent(good.Task.ID)
		},
	})
}
