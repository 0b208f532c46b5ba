package intake_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/intake"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/sdk/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a store that refuses tasks called "bad" and knows used keys.
type shelf struct {
	mu     sync.Mutex
	away   bool
	groups [][]task.Submission
	unique map[string]task.Submission
	used   bool
}

func (s *shelf) Insert(_ context.Context, subs []task.Submission) ([]task.InsertResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, &fault.Error{Code: fault.ServiceUnavailable}
	}
	results := make([]task.InsertResult, len(subs))
	for i, sub := range subs {
		if sub.Task.Description == "bad" {
			return nil, &task.RefusedError{Err: errors.New("bad")}
		}
		if other, taken := s.unique[sub.Task.UniqueKey]; taken && sub.Task.UniqueKey != "" {
			results[i] = task.InsertResult{Fate: task.UniqueTaken, Holder: other.Task.ID}
		}
		if s.used && sub.Idempotency != nil {
			results[i].Fate = task.KeyTaken
		}
	}
	s.groups = append(s.groups, subs)
	return results, nil
}

func (s *shelf) InsertAll(ctx context.Context, subs []task.Submission) ([]task.InsertResult, error) {
	results, err := s.Insert(ctx, subs)
	for _, r := range results {
		if r.Fate == task.UniqueTaken {
			for i := range results {
				if results[i].Fate == task.Inserted {
					results[i].Fate = task.NotInserted
				}
			}
			break
		}
	}
	return results, err
}

// basket collects offered hints.
type basket struct {
	mu    sync.Mutex
	hints []task.Hint
}

func (b *basket) Offer(hints []task.Hint) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hints = append(b.hints, hints...)
}

// start runs an intake with one type, whose payload needs a number n.
func start(t *testing.T, store *shelf) (*intake.Intake, *basket) {
	t.Helper()
	schema, err := tasktype.CompileSchema([]byte(`{"properties":{"n":{"type":"number"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	typ, err := tasktype.New(tasktype.Settings{
		Name: "t", Runs: "t", Plugin: "p", Concurrency: 1, Timeout: time.Second, Retry: tasktype.Retry{Max: 3},
		OnFailure: task.DeadLetter, Order: tasktype.Weighted, MaxPayload: 20, Payload: schema,
	})
	if err != nil {
		t.Fatal(err)
	}
	types, err := tasktype.NewRegistry([]*tasktype.Type{typ})
	if err != nil {
		t.Fatal(err)
	}
	b := &basket{}
	in, err := intake.New(intake.Config{Store: store, Types: types, Queue: b})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- in.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return in, b
}

func prepare(t *testing.T, in *intake.Intake, item intake.Item) task.Task {
	t.Helper()
	item.Type = "t"
	made, f := in.Prepare(item, intake.Origin{Principal: "me"})
	if f != nil {
		t.Fatal(f)
	}
	return made
}

func TestPrepareFillsTheDefaults(t *testing.T) {
	t.Parallel()
	in, _ := start(t, &shelf{})
	made := prepare(t, in, intake.Item{})
	if string(made.Payload) != "{}" || made.Priority != task.Medium || made.MaxRetries != 3 || made.CreatedBy != "me" {
		t.Errorf("task %+v", made)
	}
	if !made.Created.Equal(task.CreatedAt(made.ID)) || made.Status != task.Pending {
		t.Errorf("created %v, status %s", made.Created, made.Status)
	}
}

func TestPrepareRefusesWithTheFieldsName(t *testing.T) {
	t.Parallel()
	in, _ := start(t, &shelf{})
	now := time.Now()
	many, minus, odd := 1001, -1, task.Priority(7)
	for field, item := range map[string]intake.Item{
		"type":        {Type: "unknown"},
		"description": {Description: strings.Repeat("é", 4097)},
		"metadata":    {Metadata: []byte(`[1]`)},
		"unique_key":  {UniqueKey: strings.Repeat("x", 256)},
		"priority":    {Priority: &odd},
		"run_at":      {RunAt: time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC)},
		"deadline":    {RunAt: now, Deadline: now},
		"max_retries": {MaxRetries: &many},
		"payload/n":   {Payload: []byte(`{"n":"x"}`)},
	} {
		if item.Type == "" {
			item.Type = "t"
		}
		_, f := in.Prepare(item, intake.Origin{})
		if f == nil || f.Code != fault.ValidationError {
			t.Errorf("%s: %v", field, f)
			continue
		}
		if _, named := f.Details["fields"].(map[string]any)["/"+field]; !named {
			t.Errorf("%s is not named in %v", field, f.Details)
		}
	}
	if _, f := in.Prepare(intake.Item{Type: "t", MaxRetries: &minus}, intake.Origin{}); f == nil {
		t.Error("negative retries are accepted")
	}
	_, f := in.Prepare(intake.Item{Type: "t", Payload: []byte(`{"n":1234567890123456}`)}, intake.Origin{})
	if f == nil || f.Code != fault.InvalidInput || !errors.Is(f, intake.ErrTooLarge) {
		t.Errorf("a large payload: %v", f)
	}
}

func TestAcceptedTasksAreOfferedWhenTheyMayRun(t *testing.T) {
	t.Parallel()
	store := &shelf{}
	in, b := start(t, store)
	now := prepare(t, in, intake.Item{})
	later := prepare(t, in, intake.Item{RunAt: time.Now().Add(time.Hour)})
	results, err := in.Submit(t.Context(), intake.Batch{Tasks: []task.Task{now, later}, Origin: intake.Origin{Principal: "me", RequestID: "r"}})
	if err != nil || results[0].Err != nil || results[1].Err != nil {
		t.Fatal(results, err)
	}
	if len(b.hints) != 1 || b.hints[0].ID != now.ID {
		t.Errorf("offered %+v, want only the one that is due", b.hints)
	}
	if e := store.groups[0][0].Event; e.Type != event.TaskCreated || !strings.Contains(string(e.Metadata), `"userId":"me"`) {
		t.Errorf("event %+v", e)
	}
}

func TestEachTaskOfABatchHasItsOwnFate(t *testing.T) {
	t.Parallel()
	holder := task.Submission{Task: task.Task{ID: task.NewID()}}
	in, _ := start(t, &shelf{unique: map[string]task.Submission{"k": holder}})
	tasks := []task.Task{
		prepare(t, in, intake.Item{}), prepare(t, in, intake.Item{Description: "bad"}),
		prepare(t, in, intake.Item{UniqueKey: "k"}), prepare(t, in, intake.Item{}),
	}
	results, err := in.Submit(t.Context(), intake.Batch{Tasks: tasks})
	if err != nil {
		t.Fatal(err)
	}
	for i, code := range []fault.Code{"", fault.ValidationError, fault.InvalidInput, ""} {
		if got := results[i].Err; (got == nil) != (code == "") || got != nil && got.Code != code {
			t.Errorf("task %d: %v, want %q", i, got, code)
		}
	}
	if got := results[2].Err.Details["task_id"]; got != holder.Task.ID.String() {
		t.Errorf("the conflict names %v", got)
	}
}

func TestABatchWithAnIdempotencyKeyIsNeverHalved(t *testing.T) {
	t.Parallel()
	store := &shelf{}
	in, _ := start(t, store)
	tasks := []task.Task{prepare(t, in, intake.Item{}), prepare(t, in, intake.Item{Description: "bad"})}
	results, err := in.Submit(t.Context(), intake.Batch{Tasks: tasks, Idempotency: &task.Idempotency{Key: "k"}})
	if err != nil || results[0].Err == nil || results[1].Err == nil || len(store.groups) != 0 {
		t.Errorf("%+v, %v: a part of the request was written", results, err)
	}
}

func TestAnAtomicBatchIsAllOrNothing(t *testing.T) {
	t.Parallel()
	in, b := start(t, &shelf{unique: map[string]task.Submission{"k": {}}})
	tasks := []task.Task{prepare(t, in, intake.Item{}), prepare(t, in, intake.Item{UniqueKey: "k"})}
	results, err := in.Submit(t.Context(), intake.Batch{Tasks: tasks, Atomic: true})
	if err != nil || results[0].Err == nil || results[1].Err == nil || len(b.hints) != 0 {
		t.Errorf("%+v, %v, offered %d", results, err, len(b.hints))
	}
}

func TestAStoreThatIsAwayAcceptsNothing(t *testing.T) {
	t.Parallel()
	in, b := start(t, &shelf{away: true})
	_, err := in.Submit(t.Context(), intake.Batch{Tasks: []task.Task{prepare(t, in, intake.Item{})}})
	if fault.CodeOf(err) != fault.ServiceUnavailable || len(b.hints) != 0 {
		t.Errorf("error %v, offered %d", err, len(b.hints))
	}
}

func TestAUsedIdempotencyKeyIsTold(t *testing.T) {
	t.Parallel()
	in, _ := start(t, &shelf{used: true})
	_, err := in.Submit(t.Context(), intake.Batch{
		Tasks: []task.Task{prepare(t, in, intake.Item{})}, Idempotency: &task.Idempotency{Key: "k"},
	})
	if !errors.Is(err, intake.ErrKeyTaken) {
		t.Errorf("error %v", err)
	}
}
