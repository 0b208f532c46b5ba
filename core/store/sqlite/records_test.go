package sqlite

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

func TestRecordedEventsAreWrittenOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	e := nodeEvent(event.RecoveryQueueRebuilt)
	mustDo(t, s.Record(t.Context(), []event.Event{e}))
	mustDo(t, s.Record(t.Context(), []event.Event{e, nodeEvent(event.RecoveryQueueRebuilt)}))
	if n := countEvents(t, s, event.RecoveryQueueRebuilt); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

func TestTaskEventsComeInPagesOldestFirst(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	sub := insert(t, s, submission(nil), submission(nil))[0]
	want := []event.Event{sub.Event}
	for range 4 {
		e := sub.Task.Event(event.TaskRetried, "retried", sub.Task.EventMetadata())
		e.CorrelationID, e.ParentID = task.NewID(), sub.Event.ID
		want = append(want, e)
	}
	mustDo(t, s.Record(t.Context(), want[1:]))
	var got []event.Event
	for after := uuid.Nil; ; {
		page, next, err := s.TaskEvents(t.Context(), sub.Task.ID, after, 2)
		mustDo(t, err)
		if len(page) > 2 {
			t.Fatalf("a page of %d", len(page))
		}
		got = append(got, page...)
		if after = next; after == uuid.Nil {
			break
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
	for i := range want {
		g, w := got[i], want[i]
		if g.ID != w.ID || g.Type != w.Type || g.Severity != w.Severity || !g.Timestamp.Equal(w.Timestamp) ||
			g.Message != w.Message || string(g.Metadata) != string(w.Metadata) ||
			g.CorrelationID != w.CorrelationID || g.ParentID != w.ParentID {
			t.Errorf("event %d: %+v, want %+v", i, g, w)
		}
	}
}

func TestRevokingAKeyTwiceWritesOneEvent(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	key := auth.Key{
		ID: task.NewID(), Name: "ci", Role: auth.Operator, Hash: []byte{1, 2}, CreatedBy: "cli",
		Created: time.Now().Truncate(time.Microsecond), Expires: time.Now().Add(time.Hour),
	}
	mustDo(t, s.CreateKey(t.Context(), key, nodeEvent(event.SecurityKeyCreated)))
	for range 2 {
		ok, err := s.RevokeKey(t.Context(), key.ID, nodeEvent(event.SecurityKeyRevoked))
		if err != nil || !ok {
			t.Fatalf("revoke: %v, %v", ok, err)
		}
	}
	if ok, err := s.RevokeKey(t.Context(), task.NewID(), nodeEvent(event.SecurityKeyRevoked)); err != nil || ok {
		t.Fatalf("revoke of an unknown key: %v, %v", ok, err)
	}
	if n := countEvents(t, s, event.SecurityKeyRevoked); n != 1 {
		t.Errorf("%d events", n)
	}
	got, ok, err := s.Key(t.Context(), key.ID)
	if err != nil || !ok || got.Revoked.IsZero() || !got.Created.Equal(key.Created) || got.Role != key.Role || string(got.Hash) != string(key.Hash) {
		t.Errorf("key: %+v, %v, %v", got, ok, err)
	}
}

func TestEpochs(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if epoch, err := s.Epoch(t.Context(), "a"); err != nil || epoch != uuid.Nil {
		t.Fatalf("none yet: %v, %v", epoch, err)
	}
	for range 2 {
		want := task.NewID()
		mustDo(t, s.SetEpoch(t.Context(), "a", want))
		if epoch, err := s.Epoch(t.Context(), "a"); err != nil || epoch != want {
			t.Fatalf("epoch %v, want %v, %v", epoch, want, err)
		}
	}
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	owner := register(t, s)
	ended := insert(t, s, submission(func(t *task.Task) { t.Type, t.Priority, t.CreatedBy = "other", task.High, "me" }))[0]
	attempt := claim(t, s, owner, ended)[0]
	settle(t, s, settlement(&attempt, task.Failed))
	waiting := insert(t, s, submission(func(t *task.Task) { t.Type, t.Priority = "other", task.Low }))[0]
	plain := insert(t, s, submission(nil))[0]
	pending, failed, high := task.Pending, task.Failed, task.High
	for name, tc := range map[string]struct {
		filter task.Filter
		want   []task.Submission
	}{
		"all":             {task.Filter{}, []task.Submission{plain, waiting, ended}},
		"type":            {task.Filter{Type: "other"}, []task.Submission{waiting, ended}},
		"pending":         {task.Filter{Status: &pending}, []task.Submission{plain, waiting}},
		"failed of type":  {task.Filter{Status: &failed, Type: "other"}, []task.Submission{ended}},
		"failed of no":    {task.Filter{Status: &failed, Type: "none"}, nil},
		"priority":        {task.Filter{Priority: &high}, []task.Submission{ended}},
		"submitter":       {task.Filter{CreatedBy: "me"}, []task.Submission{ended}},
		"type and author": {task.Filter{Type: "other", CreatedBy: "key:test"}, []task.Submission{waiting}},
		"cursor":          {task.Filter{Before: waiting.Task.ID}, []task.Submission{ended}},
	} {
		tc.filter.Limit = 10
		page, err := s.List(t.Context(), tc.filter)
		mustDo(t, err)
		if len(page.Tasks) != len(tc.want) || page.Next != uuid.Nil {
			t.Errorf("%s: %d tasks, next %v, want %d", name, len(page.Tasks), page.Next, len(tc.want))
			continue
		}
		for i := range tc.want {
			if page.Tasks[i].ID != tc.want[i].Task.ID {
				t.Errorf("%s: place %d holds %s", name, i, page.Tasks[i].ID)
			}
		}
	}
}
