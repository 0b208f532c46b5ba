package storetest

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

// sameEvent compares events; the order and spacing of their metadata is free.
func (f *fixture) sameEvent(got, want event.Event) {
	f.Helper()
	var gotMetadata, wantMetadata any
	f.ok(json.Unmarshal(got.Metadata, &gotMetadata))
	f.ok(json.Unmarshal(want.Metadata, &wantMetadata))
	f.same("metadata of the event", gotMetadata, wantMetadata)
	got.Metadata, want.Metadata = nil, nil
	f.same("the event", got, want)
}

func exerciseEvents(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"a repeated record is no error": func(f *fixture) {
			id := task.NewID()
			first := event.New(event.RecoveryLateResultRefused, "late", map[string]string{"taskId": id.String()})
			second := event.New(event.SystemPluginCrashed, "crashed", map[string]string{"taskId": id.String()})
			f.ok(f.store.Record(f.ctx, []event.Event{first}))
			changed := first
			changed.Message = "another"
			f.ok(f.store.Record(f.ctx, []event.Event{second, changed, second}))
			events, _, err := f.store.TaskEvents(f.ctx, id, uuid.Nil, 10)
			f.ok(err)
			if len(events) != 2 {
				f.Fatalf("%d events", len(events))
			}
			f.sameEvent(events[0], first)
			f.sameEvent(events[1], second)
		},
		"nothing to record is no error": func(f *fixture) {
			f.ok(f.store.Record(f.ctx, nil))
		},
		"a value that cannot be kept blames the data": func(f *fixture) {
			e := event.New(event.SystemPluginCrashed, "a\x00b", map[string]string{})
			f.refused(f.store.Record(f.ctx, []event.Event{e}))
		},
		"the trail of a task is paged, oldest first": func(f *fixture) {
			id := task.NewID()
			var want, got []uuid.UUID
			var events []event.Event
			for range 7 {
				e := event.New(event.TaskReleased, "released", map[string]string{"taskId": id.String()})
				events, want = append(events, e), append(want, e.ID)
			}
			f.ok(f.store.Record(f.ctx, events))
			f.ok(f.store.Record(f.ctx, []event.Event{event.New(event.TaskReleased, "other", map[string]string{"taskId": uuid.NewString()})}))
			pages := 0
			for after := uuid.Nil; ; pages++ {
				page, next, err := f.store.TaskEvents(f.ctx, id, after, 3)
				f.ok(err)
				for i := range page {
					got = append(got, page[i].ID)
				}
				if next == uuid.Nil {
					break
				}
				after = next
			}
			f.same("ids", got, want)
			if pages != 2 {
				f.Errorf("%d full pages of 3 for 7 events", pages)
			}
		},
		"an unknown task has no trail": func(f *fixture) {
			f.wantTrail(task.NewID())
		},
	})
}
