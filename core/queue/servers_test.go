package queue_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/queue"
	"github.com/headrace/headrace/core/queue/queuetest"
	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/core/testenv/realserver"
)

// open opens a client that is closed after the test.
func open(t *testing.T, cfg redis.Config) *redis.Client {
	t.Helper()
	c, err := redis.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestOnACluster(t *testing.T) {
	t.Parallel()
	cfg := redis.Config{}
	for _, s := range realserver.Cluster(t) {
		cfg.URLs = append(cfg.URLs, s.URL)
	}
	t.Run("queue", func(t *testing.T) {
		queuetest.Exercise(t, func(t *testing.T) *redis.Client {
			own := cfg
			own.Prefix = "hr-" + uuid.NewString()
			return open(t, own)
		})
	})
	t.Run("signals", func(t *testing.T) {
		speaks(t, open(t, cfg), open(t, cfg))
	})
	t.Run("every master is asked for its policy", func(t *testing.T) {
		c := open(t, cfg)
		if policy, evicts, err := c.Evicts(t.Context()); err != nil || evicts || policy != "noeviction" {
			t.Errorf("policy %q, evicts %v, %v", policy, evicts, err)
		}
		if version, err := c.Version(t.Context()); err != nil || version == "" {
			t.Errorf("version %q, %v", version, err)
		}
		last := open(t, redis.Config{URL: cfg.URLs[2]})
		if err := last.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
			t.Fatal(err)
		}
		if policy, evicts, err := c.Evicts(t.Context()); err != nil || !evicts || policy != "allkeys-lru" {
			t.Errorf("policy %q, evicts %v, %v; one master evicts", policy, evicts, err)
		}
	})
}

func TestAfterAFailoverPopsPushesAndSignalsGoOn(t *testing.T) {
	t.Parallel()
	set := realserver.Sentinels(t)
	cfg := redis.Config{Sentinels: set.Addresses(), Master: realserver.MasterName, Password: set.Master.Password}
	c, other := open(t, cfg), open(t, cfg)
	q, err := queue.New(queue.Config{Client: c})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Adopt(t.Context(), "a", uuid.New()); err != nil {
		t.Fatal(err)
	}
	through(t, q)
	replica := open(t, redis.Config{URL: set.Replica.URL})
	eventually(t, "the replica has the queue", func(ctx context.Context) bool {
		n, err := replica.Exists(ctx, replica.Keys.Epoch("a")).Result()
		return err == nil && n == 1
	})
	if err := set.Master.End(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "there is a server to write to", func(ctx context.Context) bool {
		return c.Set(ctx, "alive", 1, 0).Err() == nil
	})
	through(t, q)
	speaks(t, c, other)
}

// through pushes a task and pops it.
func through(t *testing.T, q *queue.Queue) {
	t.Helper()
	hint := task.Hint{ID: task.NewID(), Type: "a", Priority: task.High, Order: 1}
	if left, err := q.Push(t.Context(), "a", []task.Hint{hint}); err != nil || left != 0 {
		t.Fatalf("push: %d left out, %v", left, err)
	}
	popped, err := q.Pop(t.Context(), "a", 10, tasktype.Weighted)
	if err != nil || len(popped.Hints) != 1 || popped.Hints[0].ID != hint.ID {
		t.Fatalf("popped %+v, %v; want the pushed one", popped.Hints, err)
	}
}

// eventually polls until something holds.
func eventually(t *testing.T, what string, holds func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds(ctx) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// speaks checks that one client hears another.
func speaks(t *testing.T, from, to *redis.Client) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	heard, ended := make(chan redis.Signal, 100), make(chan error, 1)
	go func() { ended <- to.Listen(ctx, func(s redis.Signal) { heard <- s }) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	// It may take a moment until the subscription stands.
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	want := redis.Signal{Kind: redis.Work, Subject: "a"}
	for {
		select {
		case got := <-heard:
			if got != want {
				t.Errorf("heard %+v, want %+v", got, want)
			}
			return
		case <-tick.C:
			if err := from.Tell(ctx, want); err != nil {
				t.Fatal(err)
			}
		case <-deadline:
			t.Fatal("nothing was heard")
		}
	}
}
