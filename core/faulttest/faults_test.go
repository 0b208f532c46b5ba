//go:build faults

package faulttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fault is one thing that goes wrong while tasks are submitted and run.
type fault struct {
	name   string
	inject func(w *world, r *rand.Rand)
	// quiet: attempts neither fail nor are lost by it.
	quiet bool
}

// faults in no order: each run draws one.
func faults() []fault {
	return []fault{
		{"kill-node", killNode, false},
		{"flush-redis", flushRedis, false},
		{"kill-redis", killRedis, false},
		{"stop-postgres", stopPostgres, false},
		{"freeze-node", freezeNode, false},
		{"kill-plugin", killPlugin, false},
		{"rolling-restart", rollingRestart, true},
	}
}

func TestFaults(t *testing.T) {
	s := readSettings(t)
	began := time.Now()
	w := newWorld(t, s)
	fmt.Printf("two nodes are up after %.1f s\n", time.Since(began).Seconds())
	l := &ledger{}
	chosen := slices.DeleteFunc(faults(), func(f fault) bool { return len(s.only) > 0 && !s.only[f.name] })
	turns := len(chosen) * s.rounds
	if turns == 0 {
		t.Fatal("FAULTS_ONLY names no fault")
	}
	r := s.random(0)
	for turn := range turns {
		if turn%len(chosen) == 0 {
			r.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
		}
		share := s.tasks / turns
		if turn == 0 {
			share += s.tasks % turns
		}
		w.take(l, chosen[turn%len(chosen)], r, share, uint64(turn)+1)
	}
	w.judge(l)
}

// take injects one fault while tasks are submitted.
func (w *world) take(l *ledger, f fault, r *rand.Rand, tasks int, part uint64) {
	w.t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(w.t.Context(), 3*time.Minute)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.submit(ctx, l, tasks, part, f.quiet)
	}()
	defer func() { <-done }()
	defer cancel() // before the wait, should the fault end the test
	pause(ctx, time.Duration(100+r.IntN(400))*time.Millisecond)
	f.inject(w, r)
	injected := time.Since(began)
	w.awaitHealth()
	<-done
	if f.quiet {
		w.awaitDrained()
	}
	fmt.Printf("%-16s %5d tasks, injected after %4.1f s, all accepted after %4.1f s\n",
		f.name, tasks, injected.Seconds(), time.Since(began).Seconds())
}

// some is a random one of the nodes.
func (w *world) some(r *rand.Rand) *node { return w.nodes[r.IntN(len(w.nodes))] }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// between waits a random time, up to most.
func (w *world) between(r *rand.Rand, most time.Duration) {
	pause(w.t.Context(), time.Duration(r.Int64N(int64(most))))
}

func killNode(w *world, r *rand.Rand) {
	n := w.some(r)
	id := w.idOf(n)
	_, err := n.end(syscall.SIGKILL, time.Minute)
	w.must(err)
	w.between(r, lease)
	w.must(n.start())
	w.awaitLapse(id)
}

func flushRedis(w *world, r *rand.Rand) {
	options, err := goredis.ParseURL(w.redis.URL)
	w.must(err)
	client := goredis.NewClient(options)
	for range 3 {
		w.must(client.FlushAll(w.t.Context()).Err())
		w.between(r, time.Second)
	}
	w.must(client.Close())
}

func killRedis(w *world, r *rand.Rand) {
	w.must(w.redis.End(syscall.SIGKILL))
	w.between(r, 3*time.Second)
	w.must(w.redis.Start(w.t.Context()))
}

func stopPostgres(w *world, r *rand.Rand) {
	w.away.Store(true)
	w.must(w.postgres.End(syscall.SIGQUIT))
	w.between(r, 2*lease)
	w.must(w.postgres.Start(w.t.Context()))
	w.awaitHealth()
	pause(w.t.Context(), time.Second) // answers of the time before may still be on their way
	w.away.Store(false)
}

func freezeNode(w *world, r *rand.Rand) {
	n := w.some(r)
	id := w.idOf(n)
	w.must(n.signal(syscall.SIGSTOP))
	w.awaitLapse(id)
	w.between(r, 2*time.Second)
	w.must(n.signal(syscall.SIGCONT))
}

func killPlugin(w *world, r *rand.Rand) {
	pid, err := w.some(r).plugin()
	w.must(err)
	w.must(syscall.Kill(pid, syscall.SIGKILL))
}

func rollingRestart(w *world, _ *rand.Rand) {
	for _, n := range w.nodes {
		code, err := n.end(syscall.SIGTERM, 30*time.Second)
		w.must(err)
		if code != 0 {
			w.t.Errorf("node %s ended with %d after SIGTERM", n.name, code)
		}
		w.must(n.start())
		w.awaitHealth()
	}
}
