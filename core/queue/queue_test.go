package queue_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/queue"
	"github.com/headrace/headrace/core/queue/queuetest"
	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func client(t *testing.T, url, prefix string) *redis.Client {
	t.Helper()
	c, err := redis.Open(redis.Config{URL: url, Prefix: prefix})
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

func TestOnRedis(t *testing.T) {
	queuetest.Exercise(t, func(t *testing.T) *redis.Client {
		return client(t, testenv.Redis(t), testenv.Prefix(t))
	})
}

func embedded(t *testing.T) *redis.Client {
	return client(t, "redis://"+miniredis.RunT(t).Addr(), "hr")
}

func TestEmbedded(t *testing.T) {
	queuetest.Exercise(t, embedded)
}

func TestPusherPushesInGroupsAndWakesEveryNode(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	c, other := client(t, "redis://"+server.Addr(), "hr"), client(t, "redis://"+server.Addr(), "hr")
	q, err := queue.New(queue.Config{Client: c})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Adopt(t.Context(), "a", uuid.New()); err != nil {
		t.Fatal(err)
	}
	ready, lost, heard := make(chan string, 10), make(chan string, 10), make(chan redis.Signal, 10)
	p, err := queue.NewPusher(queue.PusherConfig{
		Queue: q, Client: c,
		Ready: func(typ string) { ready <- typ },
		Lost:  func(typ string) { lost <- typ },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { ended <- p.Run(ctx) }()
	go func() { ended <- other.Listen(ctx, func(s redis.Signal) { heard <- s }) }()
	waitForListener(t, c)

	p.Offer([]task.Hint{{ID: task.NewID(), Type: "a"}, {ID: task.NewID(), Type: "b"}})
	woken := []string{receive(t, ready), receive(t, ready)}
	slices.Sort(woken)
	if !slices.Equal(woken, []string{"a", "b"}) {
		t.Errorf("woken %v", woken)
	}
	if typ := receive(t, lost); typ != "b" {
		t.Errorf("lost %q, want b, which no node has begun", typ)
	}
	if s := receive(t, heard); s != (redis.Signal{Kind: redis.Work, Subject: "a"}) {
		t.Errorf("heard %+v", s)
	}
	if p.Dropped() != 1 {
		t.Errorf("dropped %d, want 1", p.Dropped())
	}
	cancel()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// waitForListener returns when somebody listens on the wake channel.
func waitForListener(t *testing.T, c *redis.Client) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		n, err := c.PubSubNumSub(t.Context(), c.Keys.Wake()).Result()
		if err != nil {
			t.Fatal(err)
		}
		if n[c.Keys.Wake()] > 0 {
			return
		}
	}
	t.Fatal("nobody listens")
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(5 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}
