package group_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/group"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBad = errors.New("bad item")

// ledger is a commit that remembers its groups and refuses negative numbers.
type ledger struct {
	mu     sync.Mutex
	groups [][]int
	// gate, when set, holds every commit until it can be received from.
	gate chan struct{}
}

func (l *ledger) commit(_ context.Context, items []int) ([]int, error) {
	if l.gate != nil {
		<-l.gate
	}
	for _, n := range items {
		if n < 0 {
			return nil, errBad
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.groups = append(l.groups, append([]int(nil), items...))
	doubled := make([]int, len(items))
	for i, n := range items {
		doubled[i] = 2 * n
	}
	return doubled, nil
}

func start(t *testing.T, cfg group.Config[int, int]) (*group.Writer[int, int], func()) {
	t.Helper()
	w, err := group.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	return w, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestCallersThatWaitTogetherShareACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{gate: make(chan struct{})}
		w, stop := start(t, group.Config[int, int]{Commit: l.commit})
		var callers sync.WaitGroup
		for n := range 65 {
			callers.Go(func() {
				fates, err := w.Do(t.Context(), n)
				if err != nil || fates[0].Err != nil || fates[0].Result != 2*n {
					t.Errorf("item %d: %v %v", n, fates, err)
				}
			})
			if n == 0 {
				synctest.Wait() // the first is alone in its group
			}
		}
		synctest.Wait()
		close(l.gate)
		callers.Wait()
		stop()
		if len(l.groups) != 2 || len(l.groups[0]) != 1 || len(l.groups[1]) != 64 {
			t.Errorf("groups %v, want one of 1 and one of 64", l.groups)
		}
	})
}

func TestOneBadItemDoesNotFailItsNeighbours(t *testing.T) {
	l := &ledger{}
	w, stop := start(t, group.Config[int, int]{
		Commit:  l.commit,
		Refused: func(err error) bool { return errors.Is(err, errBad) },
	})
	defer stop()
	items := []int{1, 2, 3, -4, 5, 6, 7}
	fates, err := w.Do(t.Context(), items...)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range items {
		switch {
		case n < 0 && !errors.Is(fates[i].Err, errBad):
			t.Errorf("item %d: error %v, want the refusal", n, fates[i].Err)
		case n > 0 && (fates[i].Err != nil || fates[i].Result != 2*n):
			t.Errorf("item %d: %+v", n, fates[i])
		}
	}
}

func TestAFailedCommitFailsItsWholeGroupWithoutHalving(t *testing.T) {
	away := errors.New("away")
	calls := 0
	w, stop := start(t, group.Config[int, int]{
		Commit:  func(context.Context, []int) ([]int, error) { calls++; return nil, away },
		Refused: func(err error) bool { return errors.Is(err, errBad) },
	})
	defer stop()
	fates, err := w.Do(t.Context(), 1, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fates {
		if !errors.Is(f.Err, away) {
			t.Errorf("fate %v, want %v", f.Err, away)
		}
	}
	if calls != 1 {
		t.Errorf("%d commits, want 1", calls)
	}
}

func TestWhatWasHandedOverBeforeTheStopIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{gate: make(chan struct{})}
		w, stop := start(t, group.Config[int, int]{Commit: l.commit, Most: 1})
		told := make(chan int, 3)
		for n := range 3 {
			err := w.Send(t.Context(), []int{n}, func(f []group.Fate[int]) { told <- f[0].Result })
			if err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		go close(l.gate)
		stop()
		if len(told) != 3 {
			t.Errorf("%d of 3 were told their fate", len(told))
		}
		if _, err := w.Do(t.Context(), 9); !errors.Is(err, group.ErrStopped) {
			t.Errorf("after the stop: %v, want ErrStopped", err)
		}
	})
}

func TestDoEndsWithItsContextWhileTheQueueIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{gate: make(chan struct{})}
		w, stop := start(t, group.Config[int, int]{Commit: l.commit, Most: 1, Pending: 1})
		ignore := func([]group.Fate[int]) {}
		for n := range 2 {
			if err := w.Send(t.Context(), []int{n}, ignore); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := w.Do(ctx, 3); !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want the end of the context", err)
		}
		close(l.gate)
		stop()
	})
}

func BenchmarkWriterWith64Callers(b *testing.B) {
	w, err := group.New(group.Config[int, int]{
		Commit: func(_ context.Context, items []int) ([]int, error) { return items, nil },
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := w.Do(b.Context(), 1); err != nil {
				b.Error(err)
				return
			}
		}
	})
	cancel()
	if err := <-ended; err != nil {
		b.Error(err)
	}
}
