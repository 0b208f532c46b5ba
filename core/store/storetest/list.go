package storetest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/task"
)

func exerciseList(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"living and ended tasks come newest first":       listAll,
		"each filter selects":                            listFilters,
		"metadata is compared by its text":               listMetadata,
		"bounds are on the creation, to the millisecond": listBounds,
		"pages hold each task once while others come":    listPages,
		"a filter that fits nothing ends":                listNothing,
		"a page without room is an error":                listLimit,
		"rows as they are elsewhere":                     listRows,
	})
}

// list walks all pages.
func (f *fixture) list(filter task.Filter) []uuid.UUID {
	f.Helper()
	ids := []uuid.UUID{}
	if filter.Limit == 0 {
		filter.Limit = 3
	}
	for {
		page, err := f.store.List(f.ctx, filter)
		f.ok(err)
		if len(page.Tasks) > filter.Limit {
			f.Fatalf("a page of %d, the limit is %d", len(page.Tasks), filter.Limit)
		}
		ids = append(ids, idsOf(page.Tasks)...)
		if page.Next == uuid.Nil {
			return ids
		}
		filter.Before = page.Next
	}
}

// one inserts a task for each status, in the order of the statuses.
func (f *fixture) oneOfEach(changes ...func(*task.Task)) map[task.Status]uuid.UUID {
	f.Helper()
	ids := make(map[task.Status]uuid.UUID)
	for _, status := range task.Statuses() {
		t := f.pending(changes...)
		ids[status] = t.ID
		if status == task.Pending {
			continue
		}
		t = f.run(t)
		if status != task.Running {
			f.end(t, status)
		}
	}
	return ids
}

func listAll(f *fixture) {
	ids := f.oneOfEach()
	want := make([]uuid.UUID, 0, len(ids))
	for _, status := range task.Statuses() {
		want = append(want, ids[status])
	}
	slices.Reverse(want)
	for _, limit := range []int{1, 2, 6, 7, 1000} {
		f.same("ids", f.list(task.Filter{Type: f.typ, Limit: limit}), want)
	}
}

func listFilters(f *fixture) {
	ids := f.oneOfEach()
	for status, id := range ids {
		f.same(status.String(), f.list(task.Filter{Type: f.typ, Status: &status}), []uuid.UUID{id})
		page, err := f.store.List(f.ctx, task.Filter{Status: &status, Limit: 1000})
		f.ok(err)
		if i := slices.IndexFunc(page.Tasks, func(t task.Task) bool { return t.Status != status }); i >= 0 {
			f.Errorf("a list of %s has one that is %s", status, page.Tasks[i].Status)
		}
	}
	low := f.pending(func(t *task.Task) { t.Priority = task.Low })
	priority := task.Low
	f.same("priority", f.list(task.Filter{Type: f.typ, Priority: &priority}), []uuid.UUID{low.ID})
	owner := uniqueName("key")
	mine := f.pending(func(t *task.Task) { t.CreatedBy = owner })
	f.same("created by", f.list(task.Filter{CreatedBy: owner}), []uuid.UUID{mine.ID})
	f.same("nobody's", f.list(task.Filter{CreatedBy: uniqueName("key")}), []uuid.UUID{})
}

func listMetadata(f *fixture) {
	tag := uniqueName("tag")
	with := func(metadata string) func(*task.Task) {
		return func(t *task.Task) { t.Metadata = json.RawMessage(metadata) }
	}
	text := f.pending(with(`{"tag": "` + tag + `", "k": "a\u0062"}`))
	number := f.pending(with(`{"tag": "` + tag + `", "k": 1.50, "n": null}`))
	boolean := f.running(with(`{"tag": "` + tag + `", "k": true}`))
	f.end(boolean, task.Completed)
	object := f.pending(with(`{"tag": "` + tag + `", "k": {"a": [1]}}`))
	f.pending(with(`{"other": "` + tag + `"}`))
	f.pending(with(`["tag"]`))
	f.pending()

	is := func(key, value string) []uuid.UUID {
		return f.list(task.Filter{Metadata: map[string]string{"tag": tag, key: value}})
	}
	f.same("all", f.list(task.Filter{Metadata: map[string]string{"tag": tag}}),
		[]uuid.UUID{object.ID, boolean.ID, number.ID, text.ID})
	f.same("a text", is("k", "ab"), []uuid.UUID{text.ID})
	f.same("a number by its letters", is("k", "1.50"), []uuid.UUID{number.ID})
	f.same("another writing of it", is("k", "1.5"), []uuid.UUID{})
	f.same("a boolean", is("k", "true"), []uuid.UUID{boolean.ID})
	f.same("an object by its letters", is("k", `{"a": [1]}`), []uuid.UUID{object.ID})
	f.same("null is no text", is("n", "null"), []uuid.UUID{})
	f.same("an absent key", is("absent", ""), []uuid.UUID{})
}

func listBounds(f *fixture) {
	base := time.Now().AddDate(0, 0, -3).Truncate(time.Millisecond).UTC()
	var ids []uuid.UUID
	for i := range 4 {
		ids = append(ids, f.pending(func(t *task.Task) { t.ID = idAt(base.Add(time.Duration(i) * time.Millisecond)) }).ID)
	}
	between := func(from, to time.Duration) []uuid.UUID {
		return f.list(task.Filter{Type: f.typ, From: base.Add(from), To: base.Add(to)})
	}
	f.same("from is inclusive, to exclusive", between(time.Millisecond, 3*time.Millisecond), []uuid.UUID{ids[2], ids[1]})
	f.same("an empty range", between(time.Millisecond, time.Millisecond), []uuid.UUID{})
	f.same("a reversed range", between(3*time.Millisecond, 0), []uuid.UUID{})
	f.same("a fraction", between(500*time.Microsecond, 1500*time.Microsecond), []uuid.UUID{ids[1]})
	f.same("from alone", f.list(task.Filter{Type: f.typ, From: base.Add(3 * time.Millisecond)}), []uuid.UUID{ids[3]})
	f.same("to alone", f.list(task.Filter{Type: f.typ, To: base.Add(time.Millisecond)}), []uuid.UUID{ids[0]})
}

func listPages(f *fixture) {
	tasks := f.many(25)
	want := idsOf(tasks)
	slices.Reverse(want)
	got := []uuid.UUID{}
	filter := task.Filter{Type: f.typ, Limit: 4}
	for i := 0; ; i++ {
		page, err := f.store.List(f.ctx, filter)
		f.ok(err)
		got = append(got, idsOf(page.Tasks)...)
		if page.Next == uuid.Nil {
			break
		}
		filter.Before = page.Next
		f.pending()
		f.end(f.run(tasks[i]), task.Completed)
	}
	f.same("ids", got, want)
}

func listNothing(f *fixture) {
	f.many(3)
	priority := task.Critical
	f.same("ids", f.list(task.Filter{Type: f.typ, Priority: &priority}), []uuid.UUID{})
	f.same("ids", f.list(task.Filter{Type: uniqueName("no")}), []uuid.UUID{})
}

func listLimit(f *fixture) {
	for _, limit := range []int{0, -1} {
		if _, err := f.store.List(f.ctx, task.Filter{Limit: limit}); err == nil {
			f.Errorf("a limit of %d is accepted", limit)
		}
	}
}

func listRows(f *fixture) {
	for _, id := range f.oneOfEach(fullTask) {
		page, err := f.store.List(f.ctx, task.Filter{Type: f.typ, From: task.CreatedAt(id), Limit: 10})
		f.ok(err)
		i := slices.IndexFunc(page.Tasks, func(t task.Task) bool { return t.ID == id })
		if i < 0 {
			f.Fatalf("task %s is not listed", id)
		}
		f.same("the task", page.Tasks[i], f.get(id))
	}
}
