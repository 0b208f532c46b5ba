package intake

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/group"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/sdk/fault"
)

// Store writes submissions; see core/store/storetest for the full contract.
type Store interface {
	Insert(ctx context.Context, subs []task.Submission) ([]task.InsertResult, error)
	InsertAll(ctx context.Context, subs []task.Submission) ([]task.InsertResult, error)
}

// Types finds the type of a task.
type Types interface {
	Get(name string) (*tasktype.Type, bool)
}

// Queue is told of tasks that can run now; it never blocks and may forget.
type Queue interface {
	Offer(hints []task.Hint)
}

// Config of an Intake. Store, Types and Queue are required.
type Config struct {
	Store Store
	Types Types
	Queue Queue
	// Registerer of the metrics; nil: none.
	Registerer prometheus.Registerer
}

// Intake accepts tasks.
type Intake struct {
	cfg      Config
	writer   *group.Writer[task.Submission, task.InsertResult]
	accepted prometheus.Counter
	groups   prometheus.Histogram
}

// ErrKeyTaken says that the request's Idempotency-Key was used before, by now;
// the remembered answer is in the store.
var ErrKeyTaken = errors.New("the idempotency key was used before")

// New makes an intake; Run starts it.
func New(cfg Config) (*Intake, error) {
	if cfg.Store == nil || cfg.Types == nil || cfg.Queue == nil {
		return nil, errors.New("intake: a store, the types and a queue are needed")
	}
	in := &Intake{
		cfg: cfg,
		accepted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "headrace_tasks_accepted_total", Help: "Tasks that were made durable by this node.",
		}),
		groups: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "headrace_insert_group_size", Help: "Tasks that shared one insert transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 10),
		}),
	}
	if cfg.Registerer != nil {
		cfg.Registerer.MustRegister(in.accepted, in.groups)
	}
	writer, err := group.New(group.Config[task.Submission, task.InsertResult]{
		Commit: in.insert, Refused: refusedByStore,
	})
	if err != nil {
		return nil, err
	}
	in.writer = writer
	return in, nil
}

// Run writes groups until ctx ends and what was handed over is written.
func (in *Intake) Run(ctx context.Context) error { return in.writer.Run(ctx) }

func (in *Intake) insert(ctx context.Context, subs []task.Submission) ([]task.InsertResult, error) {
	in.groups.Observe(float64(len(subs)))
	return in.cfg.Store.Insert(ctx, subs)
}

func refusedByStore(err error) bool {
	var refused *task.RefusedError
	return errors.As(err, &refused)
}

// Submit writes a batch and returns the fate of each task, in order. The error
// is set when nothing was written: ErrKeyTaken, or a fault.Error with
// ServiceUnavailable when the store does not answer. With a context that ends
// early the tasks may be written all the same.
func (in *Intake) Submit(ctx context.Context, b Batch) ([]Result, error) {
	if len(b.Tasks) == 0 {
		return nil, nil
	}
	fates, err := in.write(ctx, b)
	if err != nil {
		return nil, err
	}
	results := make([]Result, len(fates))
	hints := make([]task.Hint, 0, len(fates))
	now := time.Now()
	for i := range fates {
		if errors.Is(fates[i].Err, ErrKeyTaken) || fates[i].Result.Fate == task.KeyTaken {
			return nil, ErrKeyTaken
		}
		results[i] = resultOf(b.Tasks[i], fates[i])
		if results[i].Err == nil && !b.Tasks[i].RunAt.After(now) {
			hints = append(hints, task.HintOf(&b.Tasks[i]))
		}
	}
	in.accepted.Add(float64(len(results) - failures(results)))
	in.cfg.Queue.Offer(hints)
	return results, allUnavailable(results)
}

// write shares a commit with other requests where it can. An atomic batch has
// one of its own; so has one with an Idempotency-Key, which must not be halved:
// its second half would find the key taken by its first.
func (in *Intake) write(ctx context.Context, b Batch) ([]group.Fate[task.InsertResult], error) {
	subs := submissions(b)
	switch {
	case b.Atomic:
		return alone(ctx, subs, in.cfg.Store.InsertAll)
	case b.Idempotency != nil && len(subs) > 1:
		return alone(ctx, subs, in.cfg.Store.Insert)
	}
	return in.share(ctx, subs)
}

// share writes in one commit with other requests.
func (in *Intake) share(ctx context.Context, subs []task.Submission) ([]group.Fate[task.InsertResult], error) {
	fates, err := in.writer.Do(ctx, subs...)
	if errors.Is(err, group.ErrStopped) {
		err = &fault.Error{Code: fault.ServiceUnavailable, Op: "intake.Submit", Msg: "the node is stopping", RetryAfter: time.Second, Err: err}
	}
	return fates, err
}

// alone writes a batch in a commit of its own.
func alone(ctx context.Context, subs []task.Submission, insert group.Commit[task.Submission, task.InsertResult]) ([]group.Fate[task.InsertResult], error) {
	results, err := insert(ctx, subs)
	if err != nil && !refusedByStore(err) {
		return nil, err
	}
	fates := make([]group.Fate[task.InsertResult], len(subs))
	for i := range fates {
		if err != nil {
			fates[i].Err = err
		} else {
			fates[i].Result = results[i]
		}
	}
	return fates, nil
}

// submissions pairs each task with the event that records it.
func submissions(b Batch) []task.Submission {
	subs := make([]task.Submission, len(b.Tasks))
	for i := range b.Tasks {
		t := &b.Tasks[i]
		metadata := t.EventMetadata()
		metadata.UserID, metadata.RequestID = b.Origin.Principal, b.Origin.RequestID
		subs[i] = task.Submission{
			Task: *t, Event: t.Event(event.TaskCreated, "task accepted", metadata), Idempotency: b.Idempotency,
		}
	}
	return subs
}

// ResultOf turns what the store says of one task into its result; a request
// with an Idempotency-Key renders its answer by it, inside the transaction.
func ResultOf(t task.Task, r task.InsertResult) Result {
	switch r.Fate {
	case task.UniqueTaken:
		f := fault.New(fault.InvalidInput, "another task of this type holds the unique key")
		if r.Holder != uuid.Nil {
			f.Details = map[string]any{"task_id": r.Holder.String()}
		}
		return Result{Err: f}
	case task.NotInserted:
		return Result{Err: fault.New(fault.InvalidInput, "not created: the batch is atomic and another task of it was refused")}
	case task.Inserted, task.KeyTaken:
	}
	return Result{Task: t}
}

func resultOf(t task.Task, fate group.Fate[task.InsertResult]) Result {
	var refused *task.RefusedError
	switch {
	case errors.As(fate.Err, &refused):
		return Result{Err: &fault.Error{
			Code: fault.ValidationError, Op: "intake.Submit", Msg: "the store cannot keep a value of this task", Err: fate.Err,
		}}
	case fate.Err != nil:
		return Result{Err: fault.From(fate.Err, fault.InternalError)}
	}
	return ResultOf(t, fate.Result)
}

func failures(results []Result) int {
	n := 0
	for i := range results {
		if results[i].Err != nil {
			n++
		}
	}
	return n
}

// allUnavailable makes one error of it when the store was away for all tasks:
// then the request as a whole was not even tried.
func allUnavailable(results []Result) error {
	for i := range results {
		if results[i].Err == nil || results[i].Err.Code != fault.ServiceUnavailable {
			return nil
		}
	}
	return results[0].Err
}
