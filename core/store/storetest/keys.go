package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

func exerciseKeys(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"a key comes back as it was stored": func(f *fixture) {
			want := f.key(func(k *auth.Key) { k.Expires = soon(-time.Hour) })
			got, found, err := f.store.Key(f.ctx, want.ID)
			f.ok(err)
			if !found {
				f.Fatalf("the key is not there")
			}
			f.same("the key", got, want)
		},
		"an unknown key is not found": func(f *fixture) {
			_, found, err := f.store.Key(f.ctx, task.NewID())
			f.ok(err)
			if found {
				f.Errorf("found")
			}
		},
		"keys are listed newest first": func(f *fixture) {
			first, second := f.key(nil), f.key(nil)
			keys, err := f.store.Keys(f.ctx)
			f.ok(err)
			keys = slices.DeleteFunc(keys, func(k auth.Key) bool { return k.ID != first.ID && k.ID != second.ID })
			f.same("the keys", keys, []auth.Key{second, first})
		},
		"a key is revoked once": func(f *fixture) {
			key := f.key(nil)
			revoke := func(id uuid.UUID) bool {
				ok, err := f.store.RevokeKey(f.ctx, id, keyEvent(event.SecurityKeyRevoked, key.ID))
				f.ok(err)
				return ok
			}
			if !revoke(key.ID) {
				f.Fatalf("the key is not known")
			}
			got, _, err := f.store.Key(f.ctx, key.ID)
			f.ok(err)
			if got.Revoked.IsZero() {
				f.Fatalf("the key is not revoked")
			}
			if !revoke(key.ID) || revoke(task.NewID()) {
				f.Errorf("a revoked key is unknown, or an unknown one revoked")
			}
			again, _, err := f.store.Key(f.ctx, key.ID)
			f.ok(err)
			f.same("the key after a second time", again, got)
			// The events of a key carry its id where a task's carry the task's.
			f.wantTrail(key.ID, event.SecurityKeyCreated, event.SecurityKeyRevoked)
		},
		"the id of another key is refused": func(f *fixture) {
			key := f.key(nil)
			f.refused(f.store.CreateKey(f.ctx, key, keyEvent(event.SecurityKeyCreated, key.ID)))
			f.wantTrail(key.ID, event.SecurityKeyCreated)
		},
	})
}

// key stores a key.
func (f *fixture) key(change func(*auth.Key)) auth.Key {
	f.Helper()
	key := auth.Key{
		ID: task.NewID(), Name: uniqueName("key"), Role: auth.Operator, Hash: []byte{0, 1, 255},
		CreatedBy: "cli", Created: soon(0),
	}
	if change != nil {
		change(&key)
	}
	f.ok(f.store.CreateKey(f.ctx, key, keyEvent(event.SecurityKeyCreated, key.ID)))
	return key
}

func keyEvent(kind event.Type, id uuid.UUID) event.Event {
	return event.New(kind, "a key", map[string]string{"taskId": id.String()})
}
