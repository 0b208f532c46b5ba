package queuetest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/core/queue"
	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

// round is how many turns the four priorities share.
const round = 15

// testRandomArrivals lets hints of all priorities come and go at random. Every pop
// is as full as it can be, and who waits in LOW is served within one round of what
// is asked for.
func testRandomArrivals(t *testing.T, client *redis.Client) {
	q := newQueue(t, client, 0)
	rapid.Check(t, func(rt *rapid.T) {
		if err := q.Adopt(t.Context(), typ, uuid.New()); err != nil {
			rt.Fatal(err)
		}
		w := arrivals{rt: rt, q: q}
		for range rapid.IntRange(1, 15).Draw(rt, "steps") {
			w.arrive(t)
			w.serve(t)
		}
	})
}

// arrivals knows what waits in each lane.
type arrivals struct {
	rt      *rapid.T
	q       *queue.Queue
	waiting [4]int
	next    int
	// asked is how much was asked for while LOW waited and was not served.
	asked int
}

func (w *arrivals) arrive(t *testing.T) {
	for _, p := range task.Priorities() {
		for range rapid.IntRange(0, 6).Draw(w.rt, "arrivals of "+p.String()) {
			w.next++
			if _, err := w.q.Push(t.Context(), typ, []task.Hint{hint(p, w.next)}); err != nil {
				w.rt.Fatal(err)
			}
			w.waiting[p]++
		}
	}
}

func (w *arrivals) serve(t *testing.T) {
	n := rapid.IntRange(1, 20).Draw(w.rt, "size")
	total := w.waiting[0] + w.waiting[1] + w.waiting[2] + w.waiting[3]
	got, err := w.q.Pop(t.Context(), typ, n, tasktype.Weighted)
	if err != nil {
		w.rt.Fatal(err)
	}
	if len(got.Hints) != min(n, total) {
		w.rt.Fatalf("%d popped of %d, asked for %d", len(got.Hints), total, n)
	}
	served := count(got.Hints)
	if low := task.Low; w.waiting[low] == 0 || served[low] > 0 {
		w.asked = 0
	} else if w.asked += n; w.asked >= round {
		w.rt.Fatalf("LOW waits while %d were asked for", w.asked)
	}
	for p := range served {
		w.waiting[p] -= served[p]
	}
}

// aged makes a queue whose clock is long after the time of the hints that suite
// functions make, so that those are old; young hints are made with a later number.
func aged(t *testing.T, client *redis.Client) (q *queue.Queue, young int) {
	t.Helper()
	now := time.UnixMilli(1000).Add(time.Hour)
	q, err := queue.New(queue.Config{Client: client, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Adopt(t.Context(), typ, uuid.New()); err != nil {
		t.Fatal(err)
	}
	return q, int(time.Hour.Milliseconds())
}

// put pushes n hints that begin with a number.
func put(t *testing.T, q *queue.Queue, p task.Priority, from, n int) {
	t.Helper()
	for i := range n {
		if _, err := q.Push(t.Context(), typ, []task.Hint{hint(p, from+i)}); err != nil {
			t.Fatal(err)
		}
	}
}

func testAgeGuard(t *testing.T, client *redis.Client) {
	q, young := aged(t, client)
	for _, p := range []task.Priority{task.Critical, task.High, task.Medium} {
		put(t, q, p, young, 60)
	}
	put(t, q, task.Low, 0, 6)      // too old
	put(t, q, task.Low, young, 30) // not
	if got := count(pop(t, q, round, tasktype.Weighted).Hints); got != [4]int{4, 2, 4, 5} {
		t.Errorf("shares LOW to CRITICAL %v, want 4 2 4 5: its own turn and three of the guard", got)
	}
	if got := count(pop(t, q, round, tasktype.Weighted).Hints); got != [4]int{2, 2, 4, 7} {
		t.Errorf("shares %v, want 2 2 4 7: the two old ones that are left, one of them in its own turn", got)
	}
	if got := count(pop(t, q, round, tasktype.Weighted).Hints); got != [4]int{1, 2, 4, 8} {
		t.Errorf("shares %v once nobody is too old", got)
	}
}

func testAgeGuardOldest(t *testing.T, client *redis.Client) {
	q, young := aged(t, client)
	put(t, q, task.Critical, young, 60)
	put(t, q, task.High, 0, 20)
	put(t, q, task.Low, 100, 20)
	got := count(pop(t, q, round, tasktype.Weighted).Hints)
	if want := count(pop(t, q, round, tasktype.Weighted).Hints); got != want {
		t.Errorf("shares %v, then %v: the guard is not deterministic", got, want)
	}
	if got[task.High] <= 4 || got[task.Low] > 2 {
		t.Errorf("shares %v: the guard serves the oldest first", got)
	}
}

func testAgeUnknown(t *testing.T, client *redis.Client) {
	q, young := aged(t, client)
	put(t, q, task.Critical, young, 30)
	put(t, q, task.High, young, 30)
	put(t, q, task.Medium, young, 30)
	unknown := make([]task.Hint, 10)
	for i := range unknown {
		unknown[i] = hint(task.Low, i)
		unknown[i].Order = 0
	}
	if _, err := q.Push(t.Context(), typ, unknown); err != nil {
		t.Fatal(err)
	}
	if got := count(pop(t, q, round, tasktype.Weighted).Hints); got != [4]int{1, 2, 4, 8} {
		t.Errorf("shares LOW to CRITICAL %v, want 1 2 4 8", got)
	}
}

func testAgeStrict(t *testing.T, client *redis.Client) {
	q, young := aged(t, client)
	put(t, q, task.Critical, young, 20)
	put(t, q, task.Low, 0, 20)
	if got := count(pop(t, q, round, tasktype.Strict).Hints); got != [4]int{0, 0, 0, round} {
		t.Errorf("shares LOW to CRITICAL %v", got)
	}
}
