package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/core/task"
)

func exerciseIdempotency(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"a repeat finds the answer of the first":           answerIsKept,
		"an answer is made from the fates":                 answerIsRendered,
		"one key in two requests of a group":               keyTwiceInGroup,
		"a key belongs to a principal and a route":         keyHasOwner,
		"an expired answer makes room":                     answerExpires,
		"a request of which nothing went in leaves none":   nothingLeavesNoAnswer,
		"the next of a group may try when nothing went in": nextMayTry,
		"an atomic request that was refused leaves none":   refusedLeavesNoAnswer,
		"an atomic request is answered once":               atomicIsAnswered,
		"of many at once one is written":                   keyRace,
	})
}

// request returns a request with a key of its own.
func (f *fixture) request() *task.Idempotency {
	return &task.Idempotency{
		Principal: "key:1", Route: "POST /api/tasks", Key: uniqueName("key"), RequestHash: []byte("hash"),
		Status: 201, Body: []byte(`{"id": 1}`), Expires: soon(time.Hour),
	}
}

// under puts submissions under a request.
func under(r *task.Idempotency, subs ...task.Submission) []task.Submission {
	for i := range subs {
		subs[i].Idempotency = r
	}
	return subs
}

// fates inserts and returns the fates alone.
func (f *fixture) fates(subs []task.Submission) []task.Insertion {
	f.Helper()
	results, err := f.store.Insert(f.ctx, subs)
	f.ok(err)
	fates := make([]task.Insertion, len(results))
	for i := range results {
		fates[i] = results[i].Fate
	}
	return fates
}

// answer finds the remembered answer to a request.
func (f *fixture) answer(r *task.Idempotency) *task.Idempotency {
	f.Helper()
	found, err := f.store.Idempotent(f.ctx, r.Principal, r.Route, r.Key)
	f.ok(err)
	return found
}

func answerIsKept(f *fixture) {
	r := f.request()
	if found := f.answer(r); found != nil {
		f.Fatalf("an answer before the request: %+v", found)
	}
	f.same("fates", f.fates(under(r, f.submission(), f.submission())), []task.Insertion{task.Inserted, task.Inserted})
	f.same("the answer", f.answer(r), r)

	repeat := *r
	repeat.Body = []byte("another")
	again, stranger := f.submission(), f.submission()
	f.same("fates of the repeat", f.fates(append(under(&repeat, again), stranger)), []task.Insertion{task.KeyTaken, task.Inserted})
	f.absent(again.Task.ID)
	f.wantTrail(again.Task.ID)
	f.same("the answer", f.answer(r), r)
}

func answerIsRendered(f *fixture) {
	holder := f.pending(withUnique("k"))
	r := f.request()
	r.Render = func(results []task.InsertResult) (int, []byte) {
		return 207, fmt.Append(nil, len(results), results[0].Fate, results[1].Fate, results[1].Holder == holder.ID)
	}
	f.fates(append(under(r, f.submission(), f.submission(withUnique("k"))), f.submission()))
	got := f.answer(r)
	if got == nil || got.Status != 207 || string(got.Body) != "2 0 1 true" {
		f.Fatalf("the answer is %+v", got)
	}
}

func keyTwiceInGroup(f *fixture) {
	first, second := f.request(), f.request()
	second.Key, second.Body = first.Key, []byte("second")
	subs := append(under(first, f.submission()), under(second, f.submission())...)
	subs = append(subs, under(first, f.submission())...)
	f.same("fates", f.fates(subs), []task.Insertion{task.Inserted, task.KeyTaken, task.Inserted})
	f.same("the answer", f.answer(first), first)
}

func keyHasOwner(f *fixture) {
	r := f.request()
	f.fates(under(r, f.submission()))
	for _, change := range []func(*task.Idempotency){
		func(i *task.Idempotency) { i.Principal = "key:2" },
		func(i *task.Idempotency) { i.Route = "POST /api/tasks/batch" },
		func(i *task.Idempotency) { i.Key += "x" },
	} {
		other := *r
		change(&other)
		f.same("fates", f.fates(under(&other, f.submission())), []task.Insertion{task.Inserted})
	}
}

func answerExpires(f *fixture) {
	old := f.request()
	old.Expires = soon(-time.Second)
	f.fates(under(old, f.submission()))
	if found := f.answer(old); found != nil {
		f.Fatalf("an expired answer is found: %+v", found)
	}
	fresh := *old
	fresh.Expires, fresh.RequestHash, fresh.Body = soon(time.Hour), []byte("fresh hash"), []byte("fresh")
	f.same("fates", f.fates(under(&fresh, f.submission())), []task.Insertion{task.Inserted})
	f.ok(f.store.Maintain(f.ctx))
	f.same("the answer", f.answer(&fresh), &fresh)
}

func nothingLeavesNoAnswer(f *fixture) {
	holder := f.pending(withUnique("k"))
	r := f.request()
	f.same("fates", f.fates(under(r, f.submission(withUnique("k")))), []task.Insertion{task.UniqueTaken})
	if found := f.answer(r); found != nil {
		f.Fatalf("an answer without a task: %+v", found)
	}
	f.cancel(holder.ID)
	f.same("fates", f.fates(under(r, f.submission(withUnique("k")))), []task.Insertion{task.Inserted})
}

func nextMayTry(f *fixture) {
	f.pending(withUnique("k"))
	first, second := f.request(), f.request()
	second.Key, second.Body = first.Key, []byte("second")
	subs := append(under(first, f.submission(withUnique("k"))), under(second, f.submission())...)
	fates := f.fates(subs)
	// A store may also tell the second that the key is taken while the first has it.
	if fates[0] != task.UniqueTaken || fates[1] != task.Inserted && fates[1] != task.KeyTaken {
		f.Fatalf("fates %v", fates)
	}
	if found := f.answer(first); (found != nil) != (fates[1] == task.Inserted) {
		f.Fatalf("fates %v, but the answer is %+v", fates, found)
	}
}

func refusedLeavesNoAnswer(f *fixture) {
	f.pending(withUnique("k"))
	r := f.request()
	_, err := f.store.InsertAll(f.ctx, under(r, f.submission(), f.submission(withUnique("k"))))
	f.ok(err)
	if found := f.answer(r); found != nil {
		f.Fatalf("an answer without a task: %+v", found)
	}
}

func atomicIsAnswered(f *fixture) {
	r := f.request()
	r.Render = func(results []task.InsertResult) (int, []byte) { return 200, fmt.Append(nil, len(results)) }
	_, err := f.store.InsertAll(f.ctx, under(r, f.submission(), f.submission()))
	f.ok(err)
	if got := f.answer(r); got == nil || got.Status != 200 || string(got.Body) != "2" {
		f.Fatalf("the answer is %+v", got)
	}
	results, err := f.store.InsertAll(f.ctx, under(r, f.submission()))
	f.ok(err)
	f.same("fates", results, []task.InsertResult{{Fate: task.KeyTaken}})
}

func keyRace(f *fixture) {
	const racers = 8
	r := f.request()
	var (
		wait sync.WaitGroup
		wins [racers]bool
		errs [racers]error
	)
	for i := range racers {
		mine, sub := *r, f.submission()
		wait.Go(func() {
			results, err := f.store.Insert(f.ctx, under(&mine, sub))
			errs[i] = err
			wins[i] = err == nil && results[0].Fate == task.Inserted
		})
	}
	wait.Wait()
	won := 0
	for i := range racers {
		f.ok(errs[i])
		if wins[i] {
			won++
		}
	}
	if won != 1 {
		f.Errorf("%d of %d requests with one key went in", won, racers)
	}
}
