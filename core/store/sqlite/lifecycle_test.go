package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
)

func TestInsertKeepsTheFateOfEachItem(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	unique := func(t *task.Task) { t.UniqueKey = "once" }
	holder, second, other := submission(unique), submission(unique), submission(nil)
	results, err := s.Insert(t.Context(), []task.Submission{holder, second, other})
	mustDo(t, err)
	want := []task.InsertResult{{}, {Fate: task.UniqueTaken, Holder: holder.Task.ID}, {}}
	for i := range want {
		if results[i] != want[i] {
			t.Errorf("item %d: %+v, want %+v", i, results[i], want[i])
		}
	}
	if n := countEvents(t, s, event.TaskCreated); n != 2 {
		t.Errorf("%d events for two tasks", n)
	}
}

func TestIdempotencyKeyIsRememberedWithTheFirstInsertedTask(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	insert(t, s, submission(func(t *task.Task) { t.UniqueKey = "once" }))
	key := &task.Idempotency{
		Principal: "p", Route: "POST /tasks", Key: "k", RequestHash: []byte("h"), Status: 201, Body: []byte("{}"),
		Expires: time.Now().Add(time.Hour),
	}
	refused := submission(func(t *task.Task) { t.UniqueKey = "once" })
	refused.Idempotency = key
	results, err := s.Insert(t.Context(), []task.Submission{refused})
	mustDo(t, err)
	found, err := s.Idempotent(t.Context(), "p", "POST /tasks", "k")
	if err != nil || found != nil || results[0].Fate != task.UniqueTaken {
		t.Fatalf("a request of which nothing was inserted: %+v, remembered %+v, %v", results, found, err)
	}
	first, second := submission(nil), submission(nil)
	first.Idempotency, second.Idempotency = key, key
	insert(t, s, first, second)
	found, err = s.Idempotent(t.Context(), "p", "POST /tasks", "k")
	if err != nil || found == nil || found.Status != 201 || !found.Expires.Equal(key.Expires.Truncate(time.Microsecond)) {
		t.Fatalf("remembered %+v, %v", found, err)
	}
	repeat := submission(nil)
	again := *key
	repeat.Idempotency = &again
	results, err = s.Insert(t.Context(), []task.Submission{repeat, submission(nil)})
	if err != nil || results[0].Fate != task.KeyTaken || results[1].Fate != task.Inserted {
		t.Fatalf("a repeat and its neighbour: %+v, %v", results, err)
	}
}

func TestTheAnswerIsRenderedFromTheFates(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	unique := func(t *task.Task) { t.UniqueKey = "once" }
	key := &task.Idempotency{
		Principal: "p", Route: "r", Key: "k", Expires: time.Now().Add(time.Hour),
		Render: func(fates []task.InsertResult) (int, []byte) {
			return 200 + len(fates), fmt.Appendf(nil, "%v", fates[1].Fate)
		},
	}
	rival := *key // a request with the same key, in the same group
	first, second, other := submission(unique), submission(unique), submission(nil)
	first.Idempotency, second.Idempotency, other.Idempotency = key, key, &rival
	results, err := s.Insert(t.Context(), []task.Submission{first, other, second})
	mustDo(t, err)
	if results[0].Fate != task.Inserted || results[2].Fate != task.UniqueTaken || results[1].Fate != task.KeyTaken {
		t.Fatalf("fates: %+v", results)
	}
	found, err := s.Idempotent(t.Context(), "p", "r", "k")
	if err != nil || found == nil || found.Status != 202 || string(found.Body) != fmt.Sprint(task.UniqueTaken) {
		t.Fatalf("remembered %+v, %v", found, err)
	}
}

func TestInsertAllIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	unique := func(t *task.Task) { t.UniqueKey = "once" }
	key := &task.Idempotency{Principal: "p", Route: "r", Key: "k", Status: 200, Expires: time.Now().Add(time.Hour)}
	good, first, second := submission(nil), submission(unique), submission(unique)
	good.Idempotency, first.Idempotency, second.Idempotency = key, key, key
	results, err := s.InsertAll(t.Context(), []task.Submission{good, first, second})
	mustDo(t, err)
	want := []task.InsertResult{{Fate: task.NotInserted}, {Fate: task.NotInserted}, {Fate: task.UniqueTaken}}
	if !slices.Equal(results, want) {
		t.Fatalf("fates: %+v, want %+v", results, want)
	}
	if found, err := s.Idempotent(t.Context(), "p", "r", "k"); err != nil || found != nil || countEvents(t, s, event.TaskCreated) != 0 {
		t.Fatalf("left behind: %+v, %v", found, err)
	}
	results, err = s.InsertAll(t.Context(), []task.Submission{good, first})
	if err != nil || !slices.Equal(results, make([]task.InsertResult, 2)) {
		t.Fatalf("without the conflict: %+v, %v", results, err)
	}
	second.Idempotency = nil
	results, err = s.InsertAll(t.Context(), []task.Submission{second})
	if err != nil || results[0].Fate != task.UniqueTaken || results[0].Holder != first.Task.ID {
		t.Fatalf("a holder outside: %+v, %v", results, err)
	}
	if results, err = s.InsertAll(t.Context(), []task.Submission{good}); err != nil || results[0].Fate != task.KeyTaken {
		t.Fatalf("a repeat: %+v, %v", results, err)
	}
}

func TestExpiredIdempotencyKeysAreForgotten(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	old := task.Idempotency{Principal: "p", Route: "r", Key: "k", Status: 201, Expires: time.Now().Add(-time.Second)}
	sub := submission(nil)
	sub.Idempotency = &old
	insert(t, s, sub)
	if found, err := s.Idempotent(t.Context(), "p", "r", "k"); err != nil || found != nil {
		t.Fatalf("expired: %+v, %v", found, err)
	}
	fresh := old
	fresh.Expires = time.Now().Add(time.Hour)
	again := submission(nil)
	again.Idempotency = &fresh
	insert(t, s, again) // takes the place of the expired one
	other := submission(nil)
	gone := old
	gone.Key = "gone"
	other.Idempotency = &gone
	insert(t, s, other)
	mustDo(t, s.Maintain(t.Context()))
	var n int
	mustDo(t, s.readers.db.QueryRowContext(t.Context(), "SELECT count(*) FROM idempotency").Scan(&n))
	if n != 1 {
		t.Fatalf("%d rows after Maintain, want the one that has not expired", n)
	}
}

func TestRefusedDataLeavesNothingOfItsGroup(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*task.Submission){
		"text with NUL":       func(s *task.Submission) { s.Task.Description = "a\x00b" },
		"text not UTF-8":      func(s *task.Submission) { s.Task.UniqueKey = "\xff" },
		"payload not JSON":    func(s *task.Submission) { s.Task.Payload = []byte("{") },
		"metadata not UTF-8":  func(s *task.Submission) { s.Task.Metadata = []byte("{\"a\": \"\xff\"}") },
		"metadata with NUL":   func(s *task.Submission) { s.Task.Metadata = []byte(`{"a": "\\\u0000"}`) },
		"half a pair":         func(s *task.Submission) { s.Task.Metadata = []byte(`{"a": "\ud83d\u0041"}`) },
		"half at the end":     func(s *task.Submission) { s.Task.Metadata = []byte(`{"a": "\ud83d"}`) },
		"other half":          func(s *task.Submission) { s.Event.Metadata = []byte(`{"a": "\ude00"}`) },
		"event not JSON":      func(s *task.Submission) { s.Event.Metadata = []byte("{") },
		"event written twice": func(s *task.Submission) { s.Event.ID = uuid.UUID{15: 1} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			taken := submission(nil)
			taken.Event.ID = uuid.UUID{15: 1}
			insert(t, s, taken)
			good, bad := submission(nil), submission(nil)
			spoil(&bad)
			_, err := s.Insert(t.Context(), []task.Submission{good, bad})
			if _, refused := errors.AsType[*task.RefusedError](err); !refused {
				t.Fatalf("insert: %v", err)
			}
			if _, ok, err := s.Get(t.Context(), good.Task.ID); ok || err != nil {
				t.Fatalf("the neighbour was written: %v, %v", ok, err)
			}
			insert(t, s, good) // the writer is free again
		})
	}
}

func TestDocumentsComeBackToTheLetter(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	payload := `{"n": 9007199254740993, "big":1e400,  "nul": "\u0000", "esc": "\\u0000 \ud83d\ude00"}`
	metadata := `{"k" : "\\u0000 \ud83d\ude00 ü", "n": 1.00}`
	sub := insert(t, s, submission(func(t *task.Task) { t.Payload, t.Metadata = []byte(payload), []byte(metadata) }))[0]
	if got := get(t, s, sub); string(got.Payload) != payload || string(got.Metadata) != metadata {
		t.Errorf("payload %s, metadata %s", got.Payload, got.Metadata)
	}
}

func TestClaimGuards(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	owner := register(t, s)
	ready := submission(nil)
	future := submission(func(t *task.Task) { t.RunAt = time.Now().Add(time.Hour) })
	expired := submission(func(t *task.Task) { t.Deadline = time.Now().Add(-time.Second) })
	insert(t, s, ready, future, expired)
	req := task.ClaimRequest{
		Node: owner.ID, IDs: []uuid.UUID{future.Task.ID, expired.Task.ID, task.NewID(), ready.Task.ID, ready.Task.ID},
		Started: func(t *task.Task) event.Event { return t.Event(event.TaskStarted, "started", t.EventMetadata()) },
	}
	stranger := req
	stranger.Node = task.NewID()
	if got, err := s.Claim(t.Context(), stranger); err != nil || len(got) != 0 {
		t.Fatalf("a node without a row claimed %v, %v", got, err)
	}
	got, err := s.Claim(t.Context(), req)
	if err != nil || len(got) != 1 || got[0].ID != ready.Task.ID {
		t.Fatalf("claimed %+v, %v", got, err)
	}
	if c := got[0]; c.Attempt != 1 || c.NodeID != owner.ID || c.Status != task.Running || c.StartedAt.IsZero() || string(c.Payload) != `{"n": 1}` {
		t.Errorf("claimed task: %+v", c)
	}
	if n := countEvents(t, s, event.TaskStarted); n != 1 {
		t.Errorf("%d started events", n)
	}
	mustDo(t, s.EndNode(t.Context(), owner.ID, nodeEvent(event.SystemStopped)))
	more := insert(t, s, submission(nil))[0]
	if got, err := s.Claim(t.Context(), task.ClaimRequest{Node: owner.ID, IDs: []uuid.UUID{more.Task.ID}}); err != nil || len(got) != 0 {
		t.Fatalf("a node that ended claimed %v, %v", got, err)
	}
}

func TestClaimNeedsALeaseThatHolds(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	owner := register(t, s)
	sub := insert(t, s, submission(nil))[0]
	s.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	got, err := s.Claim(t.Context(), task.ClaimRequest{Node: owner.ID, IDs: []uuid.UUID{sub.Task.ID}})
	if err != nil || len(got) != 0 {
		t.Fatalf("claimed after the lease: %v, %v", got, err)
	}
	if held, err := s.RenewNode(t.Context(), owner.ID, time.Hour); err != nil || held {
		t.Fatalf("renewed after the lease: %v, %v", held, err)
	}
	if dead, err := s.DeclareDead(t.Context(), lost); err != nil || len(dead) != 1 {
		t.Fatalf("declared dead: %v, %v", dead, err)
	}
}

func TestSettleRetriesThenCompletes(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	owner := register(t, s)
	sub := insert(t, s, submission(nil))[0]
	attempt := claim(t, s, owner, sub)[0]
	retry := settlement(&attempt, task.Pending)
	retry.Retries = 1
	if fate := settle(t, s, retry); fate != task.SettledNow {
		t.Fatalf("retry: %v", fate)
	}
	waiting := get(t, s, sub)
	if waiting.Status != task.Pending || waiting.Error == nil || waiting.RetryCount != 1 || waiting.NodeID != uuid.Nil {
		t.Fatalf("after the retry: %+v", waiting)
	}
	if fate := settle(t, s, settlement(&attempt, task.Completed)); fate != task.SettledLate {
		t.Fatalf("a late result: %v", fate)
	}
	attempt = claim(t, s, owner, sub)[0]
	done := settlement(&attempt, task.Completed)
	done.Result = []byte(`{"ok":true}`)
	if fate := settle(t, s, done); fate != task.SettledNow {
		t.Fatalf("completion: %v", fate)
	}
	ended := get(t, s, sub)
	if ended.Status != task.Completed || ended.Error != nil || string(ended.Result) != `{"ok":true}` ||
		ended.Attempt != 2 || ended.CompletedAt.IsZero() || !ended.Updated.Equal(ended.CompletedAt) || !ended.Created.Equal(sub.Task.Created) {
		t.Fatalf("ended: %+v", ended)
	}
	if fate := settle(t, s, done); fate != task.SettledLate {
		t.Fatalf("a second time: %v", fate)
	}
	if trail, _, err := s.TaskEvents(t.Context(), sub.Task.ID, uuid.Nil, 10); err != nil || len(trail) != 3 {
		t.Fatalf("trail: %d events, %v", len(trail), err)
	}
}

func TestAnEarlierAttemptSettlesNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	owner := register(t, s)
	sub := insert(t, s, submission(nil))[0]
	stale := claim(t, s, owner, sub)[0]
	settle(t, s, settlement(&stale, task.Pending))
	newest := claim(t, s, owner, sub)[0]
	for _, to := range []task.Status{task.Completed, task.Failed, task.DeadLetter, task.Cancelled, task.Pending} {
		if fate := settle(t, s, settlement(&stale, to)); fate != task.SettledLate {
			t.Errorf("%s: %v", to, fate)
		}
		if got := get(t, s, sub); got.Status != task.Running || got.Attempt != newest.Attempt {
			t.Errorf("after %s: %+v", to, got)
		}
	}
	if n := countEvents(t, s, event.TaskCompleted); n != 1 {
		t.Errorf("%d events, want the one of the first settlement", n)
	}
}

func TestExpiryNeedsAPassedDeadline(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	soon := time.Now().Add(time.Minute)
	for _, to := range []task.Status{task.DeadLetter, task.Failed} {
		s.now = time.Now
		sub := insert(t, s, submission(func(t *task.Task) { t.Deadline = soon }))[0]
		if fate := settle(t, s, settlement(&sub.Task, to)); fate != task.SettledLate {
			t.Fatalf("%s before the deadline: %v", to, fate)
		}
		s.now = func() time.Time { return soon }
		overdue, err := s.Overdue(t.Context(), 10)
		if err != nil || len(overdue) != 1 || overdue[0].ID != sub.Task.ID {
			t.Fatalf("overdue: %v, %v", overdue, err)
		}
		if fate := settle(t, s, settlement(&sub.Task, to)); fate != task.SettledNow {
			t.Fatalf("%s at the deadline: %v", to, fate)
		}
		if ended := get(t, s, sub); ended.Status != to || ended.Error == nil {
			t.Fatalf("ended: %+v", ended)
		}
	}
}

func TestSettleTellsOfACancelAskedFor(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	owner := register(t, s)
	sub := insert(t, s, submission(nil))[0]
	attempt := claim(t, s, owner, sub)[0]
	if got, outcome := cancel(t, s, sub); outcome != task.CancelAsked || !got.CancelRequested {
		t.Fatalf("cancel of a running task: %v, %+v", outcome, got)
	}
	if _, outcome := cancel(t, s, sub); outcome != task.CancelBefore {
		t.Fatalf("a second time: %v", outcome)
	}
	if ids, err := s.CancelsOn(t.Context(), owner.ID); err != nil || len(ids) != 1 {
		t.Fatalf("cancels on the node: %v, %v", ids, err)
	}
	if fate := settle(t, s, settlement(&attempt, task.Pending)); fate != task.SettledCancel {
		t.Fatalf("retry: %v", fate)
	}
	if fate := settle(t, s, settlement(&attempt, task.Cancelled)); fate != task.SettledNow {
		t.Fatalf("cancelled: %v", fate)
	}
	if fate := settle(t, s, settlement(&attempt, task.Pending)); fate != task.SettledLate {
		t.Fatalf("retry of an ended task: %v", fate)
	}
	if _, outcome := cancel(t, s, sub); outcome != task.CancelBefore {
		t.Fatalf("cancel of a cancelled task: %v", outcome)
	}
}

func TestCancelOfWhatDoesNotRun(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	owner := register(t, s)
	pending, dead := submission(nil), submission(nil)
	insert(t, s, pending, dead)
	attempt := claim(t, s, owner, dead)[0]
	settle(t, s, settlement(&attempt, task.DeadLetter))
	if got, outcome := cancel(t, s, pending); outcome != task.CancelDone || got.Status != task.Cancelled || got.CompletedAt.IsZero() {
		t.Errorf("pending: %v, %+v", outcome, got)
	}
	if _, outcome := cancel(t, s, dead); outcome != task.CancelTooLate {
		t.Errorf("dead letter: %v", outcome)
	}
	if got, outcome := cancel(t, s, submission(nil)); outcome != task.CancelUnknown || got.ID != uuid.Nil {
		t.Errorf("unknown: %v, %+v", outcome, got)
	}
	if n := countEvents(t, s, event.TaskCancelled); n != 1 {
		t.Errorf("%d cancel events", n)
	}
}

func cancel(t *testing.T, s *Store, sub task.Submission) (task.Task, task.CancelOutcome) {
	t.Helper()
	ended := func(t *task.Task) event.Event { return t.Event(event.TaskCancelled, "cancelled", t.EventMetadata()) }
	got, outcome, err := s.Cancel(t.Context(), task.CancelRequest{ID: sub.Task.ID, Cancelled: ended, Asked: func(t *task.Task) event.Event {
		return t.Event(event.TaskCancelRequested, "asked", t.EventMetadata())
	}})
	mustDo(t, err)
	return got, outcome
}

func TestSettlementThatIsNoStepIsRefused(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for _, from := range task.Statuses() {
		for _, to := range task.Statuses() {
			_, err := s.Settle(t.Context(), []task.Settlement{{ID: task.NewID(), From: from, To: to}})
			legal := from == task.Running && to != task.Running ||
				from == task.Pending && (to == task.DeadLetter || to == task.Failed)
			var refused *task.RefusedError
			if legal != (err == nil) || !legal && !errors.As(err, &refused) {
				t.Errorf("%s → %s: %v", from, to, err)
			}
		}
	}
}

func TestWriteWaitsNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	conn, err := s.writer.db.Conn(t.Context()) // the one writer is busy
	mustDo(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.SetEpoch(ctx, "a", task.NewID()) }()
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "wait for the writer") {
		t.Errorf("write: %v", err)
	}
	mustDo(t, conn.Close())
	mustDo(t, s.SetEpoch(t.Context(), "a", task.NewID()))
}
