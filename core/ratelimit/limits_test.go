package ratelimit

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/core/testenv"
)

func connect(t *testing.T, url, prefix string) *redis.Client {
	t.Helper()
	c, err := redis.Open(redis.Config{URL: url, Prefix: prefix, Timeout: 300 * time.Millisecond})
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

// newLimits makes the limits of one node with a type "t".
func newLimits(t rapid.TB, client *redis.Client, rate Rate, change func(*Config)) *Limits {
	cfg := Config{Client: client, Rates: map[string]Rate{"t": rate}, Limit: 5 * time.Second, Retry: time.Millisecond}
	if change != nil {
		change(&cfg)
	}
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestTheScriptDoesWhatTheBucketDoes runs both through the same random sequences.
func TestTheScriptDoesWhatTheBucketDoes(t *testing.T) {
	t.Parallel()
	var names atomic.Int64
	for name, client := range map[string]*redis.Client{
		"in Redis": connect(t, testenv.Redis(t), testenv.Prefix(t)),
		"embedded": connect(t, "redis://"+miniredis.RunT(t).Addr(), "hr"),
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				rate := Rate{
					PerSecond: rapid.SampledFrom([]float64{0.5, 3, 200}).Draw(rt, "rate"),
					Burst:     rapid.IntRange(1, 20).Draw(rt, "burst"),
				}
				now := int64(1_790_000_000_000)
				l := newLimits(rt, client, rate, nil)
				l.now = func() int64 { return now }
				one := &limit{name: "t" + strconv.FormatInt(names.Add(1), 10), rate: rate}
				var model *bucket // begins with the first question
				for range rapid.IntRange(1, 40).Draw(rt, "steps") {
					now += rapid.SampledFrom([]int64{-700, 0, 1, 30, 900}).Draw(rt, "passes, ms")
					n, back := rapid.IntRange(0, 10).Draw(rt, "n"), rapid.SampledFrom([]int{0, 0, 3}).Draw(rt, "back")
					if model == nil {
						model = newBucket(rate, now)
					}
					granted, again, err := l.ask(rt.Context(), one, n, back)
					if err != nil {
						rt.Fatal(err)
					}
					if want, soon := model.take(n, back, now); granted != want || again != soon {
						rt.Fatalf("%d granted, again in %d; the bucket: %d, %d", granted, again, want, soon)
					}
				}
			})
		})
	}
}

func TestNodesShareOneBucketAndGetBackWhatWasNotUsed(t *testing.T) {
	t.Parallel()
	url, prefix := testenv.Redis(t), testenv.Prefix(t)
	rate := Rate{PerSecond: 0.001, Burst: 10}
	freed := make(chan string, 1)
	a := newLimits(t, connect(t, url, prefix), rate, func(c *Config) { c.Freed = func(typ string) { freed <- typ } })
	b := newLimits(t, connect(t, url, prefix), rate, nil)
	ended := make(chan error, 1)
	run, stop := testContext(t)
	go func() { ended <- a.Run(run) }()
	if n, _, _ := a.Permit(t.Context(), "t", 8); n != 8 {
		t.Fatalf("%d granted of a full bucket of 10, want 8", n)
	}
	if n, _, again := b.Permit(t.Context(), "t", 8); n != 2 || again <= 0 || !b.Holds("t") {
		t.Fatalf("%d granted to the other node, again in %s, want the 2 that are left", n, again)
	}
	if n, _, _ := a.Permit(t.Context(), "t", 1); n != 0 {
		t.Errorf("%d granted from an empty bucket", n)
	}
	a.Return("t", 0, 5)
	if got := <-freed; got != "t" { // a's own wait ends
		t.Errorf("freed %q", got)
	}
	if n, _, _ := a.Permit(t.Context(), "t", 8); n != 5 {
		t.Errorf("%d granted after 5 came back", n)
	}
	if n, _, again := a.Permit(t.Context(), "without a limit", 8); n != 8 || again != 0 {
		t.Errorf("%d granted without a limit", n)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestWithoutRedisANodeLimitsForItselfAndComesBack(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	l := newLimits(t, connect(t, "redis://"+server.Addr(), "hr"), Rate{PerSecond: 100, Burst: 5}, nil)
	if n, _, _ := l.Permit(t.Context(), "t", 5); n != 5 {
		t.Fatalf("%d granted of 5", n)
	}
	server.SetError("away")
	granted, asked := 0, 0
	for start := time.Now(); granted < 3 && time.Since(start) < 10*time.Second; asked++ {
		n, _, again := l.Permit(t.Context(), "t", 5)
		granted += n
		<-time.After(again)
	}
	if granted < 3 || granted > 5+asked*5 {
		t.Fatalf("%d granted alone", granted)
	}
	server.SetError("")
	for start := time.Now(); time.Since(start) < 10*time.Second; {
		_, _, again := l.Permit(t.Context(), "t", 1)
		l.byType["t"].mu.Lock()
		alone := l.byType["t"].alone != nil
		l.byType["t"].mu.Unlock()
		if !alone {
			return
		}
		<-time.After(max(again, time.Millisecond))
	}
	t.Error("the node did not go back to Redis")
}

// testContext ends with stop.
func testContext(t *testing.T) (ctx context.Context, stop func()) {
	t.Helper()
	return context.WithCancel(t.Context())
}
