// Package queuetest is the suite that the queue must pass on every Redis it
// runs on: a real one, and the embedded one.
package queuetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/queue"
	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

// Exercise runs the suite; open gives a client with keys of its own.
func Exercise(t *testing.T, open func(t *testing.T) *redis.Client) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *redis.Client){
		"a priority goes in the order of its time":                      testOrder,
		"an id that is pushed twice is popped once":                     testTwice,
		"each priority gets its share of a full queue":                  testShares,
		"pops of any size never starve LOW":                             testNoStarvation,
		"random arrivals never starve LOW":                              testRandomArrivals,
		"who has waited too long is served while higher lanes are full": testAgeGuard,
		"the oldest of several lanes is served first":                   testAgeGuardOldest,
		"an id whose age is not known has none":                         testAgeUnknown,
		"strict order knows no age":                                     testAgeStrict,
		"an empty priority leaves its turns to the others":              testWorkConserving,
		"strict order serves the highest first":                         testStrict,
		"what does not fit the window is left out and marked":           testWindow,
		"the mark stays when something overflows during a refill":       testMarkStays,
		"without its epoch a queue is lost, and another one is not":     testLost,
		"a new life begins empty":                                       testAdopt,
		"more ids than one script call takes are pushed in parts":       testMany,
		"a node that does not know the queue's life cannot touch it":    testUnknown,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

const typ = "image.thumbnail"

// clock is two seconds after the beginning of all times: the hints are young.
func clock() time.Time { return time.UnixMilli(2000) }

// newQueue makes a queue whose type has begun its life.
func newQueue(t *testing.T, client *redis.Client, window int) *queue.Queue {
	t.Helper()
	q, err := queue.New(queue.Config{Client: client, Window: window, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Adopt(t.Context(), typ, uuid.New()); err != nil {
		t.Fatal(err)
	}
	for _, p := range task.Priorities() {
		if err := q.Refilled(t.Context(), typ, p, 1); err != nil {
			t.Fatal(err)
		}
	}
	return q
}

// hint makes the n-th hint of a priority.
func hint(p task.Priority, n int) task.Hint {
	var id uuid.UUID
	copy(id[:], fmt.Sprintf("%d-%013d", p, n))
	return task.Hint{ID: id, Type: typ, Priority: p, Order: int64(1000 + n)}
}

// fill pushes n hints of each of the priorities.
func fill(t *testing.T, q *queue.Queue, n int, priorities ...task.Priority) {
	t.Helper()
	for _, p := range priorities {
		hints := make([]task.Hint, n)
		for i := range hints {
			hints[i] = hint(p, i)
		}
		if left, err := q.Push(t.Context(), typ, hints); err != nil || left != 0 {
			t.Fatalf("push: %d left out, %v", left, err)
		}
	}
}

func pop(t *testing.T, q *queue.Queue, n int, order tasktype.Order) queue.Popped {
	t.Helper()
	p, err := q.Pop(t.Context(), typ, n, order)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// count tells how many hints of each priority there are.
func count(hints []task.Hint) (of [4]int) {
	for _, h := range hints {
		of[h.Priority]++
	}
	return of
}

func testOrder(t *testing.T, client *redis.Client) {
	q := newQueue(t, client, 0)
	for _, n := range []int{5, 3, 9, 1} {
		if _, err := q.Push(t.Context(), typ, []task.Hint{hint(task.High, n)}); err != nil {
			t.Fatal(err)
		}
	}
	got := pop(t, q, 10, tasktype.Weighted)
	for i, n := range []int{1, 3, 5, 9} {
		if got.Hints[i].ID != hint(task.High, n).ID {
			t.Errorf("place %d holds %s, want number %d", i, got.Hints[i].ID, n)
		}
	}
	if !got.Empty() || got.Overflow != [4]int64{} {
		t.Errorf("left %v, overflow %d", got.Left, got.Overflow)
	}
}

func testTwice(t *testing.T, client *redis.Client) {
	q := newQueue(t, client, 0)
	fill(t, q, 3, task.Medium)
	fill(t, q, 3, task.Medium)
	if got := pop(t, q, 10, tasktype.Weighted); len(got.Hints) != 3 {
		t.Errorf("%d ids, want 3", len(got.Hints))
	}
}

func testShares(t *testing.T, client *redis.Client) {
	q := newQueue(t, client, 0)
	fill(t, q, 100, task.Priorities()...)
	if got := count(pop(t, q, 150, tasktype.Weighted).Hints); got != [4]int{10, 20, 40, 80} {
		t.Errorf("shares LOW to CRITICAL %v, want 10 20 40 80", got)
	}
}

func testNoStarvation(t *testing.T, client *redis.Client) {
	for size := 1; size <= 16; size++ {
		q := newQueue(t, client, 0)
		fill(t, q, 200, task.Priorities()...)
		sinceLow, served := 0, 0
		for served < 120 {
			for _, h := range pop(t, q, size, tasktype.Weighted).Hints {
				served++
				sinceLow++
				if h.Priority == task.Low {
					sinceLow = 0
				}
				if sinceLow > 15+size {
					t.Fatalf("pops of %d: LOW waited %d turns", size, sinceLow)
				}
			}
		}
	}
}

func testWorkConserving(t *testing.T, client *redis.Client) {
	q := newQueue(t, client, 0)
	fill(t, q, 60, task.Low, task.Critical)
	got := pop(t, q, 90, tasktype.Weighted)
	if len(got.Hints) != 90 || got.Left != [4]int{got.Left[0], 0, 0, got.Left[3]} {
		t.Errorf("%d ids, left %v", len(got.Hints), got.Left)
	}
	if got := count(got.Hints); got[0] < 10 || got[3] < 60 {
		t.Errorf("shares %v: CRITICAL must be served whole, LOW must get the rest", got)
	}
}

func testStrict(t *testing.T, client *redis.Client) {
	q := newQueue(t, client, 0)
	fill(t, q, 10, task.Priorities()...)
	if got := count(pop(t, q, 25, tasktype.Strict).Hints); got != [4]int{0, 5, 10, 10} {
		t.Errorf("shares LOW to CRITICAL %v, want 0 5 10 10", got)
	}
}

func testWindow(t *testing.T, client *redis.Client) {
	q := newQueue(t, client, 5)
	hints := make([]task.Hint, 8)
	for i := range hints {
		hints[i] = hint(task.Medium, i)
	}
	left, err := q.Push(t.Context(), typ, hints)
	if err != nil || left != 3 {
		t.Fatalf("%d left out (%v), want 3", left, err)
	}
	got := pop(t, q, 10, tasktype.Weighted)
	if len(got.Hints) != 5 || got.Overflow != [4]int64{0, 3, 0, 0} || !got.Low(5) {
		t.Errorf("%d ids with marks %d, want 5 with a mark on MEDIUM, which runs low", len(got.Hints), got.Overflow)
	}
	if err := q.Refilled(t.Context(), typ, task.Medium, got.Overflow[task.Medium]); err != nil {
		t.Fatal(err)
	}
	if got := pop(t, q, 1, tasktype.Weighted); got.Overflow != [4]int64{} || got.Low(5) {
		t.Errorf("marks %d after the refill", got.Overflow)
	}
}

func testMarkStays(t *testing.T, client *redis.Client) {
	q := newQueue(t, client, 1)
	overflow := func() {
		t.Helper()
		if _, err := q.Push(t.Context(), typ, []task.Hint{hint(task.Low, 1), hint(task.Low, 2)}); err != nil {
			t.Fatal(err)
		}
	}
	overflow()
	marks, err := q.Marks(t.Context(), typ)
	if err != nil || marks != (queue.Marks{1, 0, 0, 0}) {
		t.Fatalf("marks %d, %v", marks, err)
	}
	overflow()
	if err := q.Refilled(t.Context(), typ, task.Low, marks[task.Low]); err != nil {
		t.Fatal(err)
	}
	if after, err := q.Marks(t.Context(), typ); err != nil || after[task.Low] <= marks[task.Low] {
		t.Errorf("marks %d (%v), want LOW above %d", after, err, marks[task.Low])
	}
}

func testLost(t *testing.T, client *redis.Client) {
	q := newQueue(t, client, 0)
	fill(t, q, 2, task.Low)
	if err := client.Del(t.Context(), client.Keys.Epoch(typ)).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Pop(t.Context(), typ, 1, tasktype.Weighted); !errors.Is(err, queue.ErrLost) {
		t.Errorf("pop: %v, want ErrLost", err)
	}
	if _, err := q.Push(t.Context(), typ, []task.Hint{hint(task.Low, 1)}); !errors.Is(err, queue.ErrLost) {
		t.Errorf("push: %v, want ErrLost", err)
	}
	if err := q.Refilled(t.Context(), typ, task.Low, 1); !errors.Is(err, queue.ErrLost) {
		t.Errorf("refilled: %v, want ErrLost", err)
	}
	if err := q.Adopt(t.Context(), "other", uuid.New()); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Pop(t.Context(), "other", 1, tasktype.Weighted); err != nil {
		t.Errorf("another type: %v", err)
	}
}

func testAdopt(t *testing.T, client *redis.Client) {
	q := newQueue(t, client, 0)
	fill(t, q, 4, task.Priorities()...)
	epoch := uuid.New()
	if err := q.Adopt(t.Context(), typ, epoch); err != nil {
		t.Fatal(err)
	}
	if current, err := q.Current(t.Context(), typ); err != nil || current != epoch {
		t.Errorf("epoch %v (%v), want %v", current, err, epoch)
	}
	got := pop(t, q, 10, tasktype.Weighted)
	if len(got.Hints) != 0 || got.Overflow != [4]int64{1, 1, 1, 1} {
		t.Errorf("%d ids, marks %d: want none, and marks until it is filled", len(got.Hints), got.Overflow)
	}
}

func testMany(t *testing.T, client *redis.Client) {
	q := newQueue(t, client, 0)
	fill(t, q, 3000, task.Low)
	seen := map[uuid.UUID]bool{}
	for range 12 {
		for _, h := range pop(t, q, 256, tasktype.Weighted).Hints {
			seen[h.ID] = true
		}
	}
	if len(seen) != 3000 {
		t.Errorf("%d different ids, want 3000", len(seen))
	}
}

func testUnknown(t *testing.T, client *redis.Client) {
	q := newQueue(t, client, 0)
	fill(t, q, 1, task.Low)
	stranger, err := queue.New(queue.Config{Client: client})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.Pop(t.Context(), typ, 1, tasktype.Weighted); !errors.Is(err, queue.ErrLost) {
		t.Errorf("pop: %v, want ErrLost", err)
	}
	epoch, err := stranger.Current(context.WithoutCancel(t.Context()), typ)
	if err != nil {
		t.Fatal(err)
	}
	stranger.Use(typ, epoch)
	if got, err := stranger.Pop(t.Context(), typ, 1, tasktype.Weighted); err != nil || len(got.Hints) != 1 {
		t.Errorf("after joining: %d ids, %v", len(got.Hints), err)
	}
}
