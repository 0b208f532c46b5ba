package breaker

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/core/testenv"
)

// TestTheScriptDoesWhatTheMachineDoes runs the script, in a real Redis and in the
// embedded one, and the machine in memory through the same random sequences.
func TestTheScriptDoesWhatTheMachineDoes(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]*redis.Client{
		"in Redis": connect(t, testenv.Redis(t), testenv.Prefix(t)),
		"embedded": connect(t, "redis://"+miniredis.RunT(t).Addr(), "hr"),
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) { compare(rt, client) })
		})
	}
}

func compare(rt *rapid.T, client *redis.Client) {
	name := "b" + time.Now().Format("150405.000000000")
	s := anySettings(rt)
	now := int64(1_790_000_000_000)
	r := newRemote(client, 5*time.Second, time.Second)
	r.now = func() int64 { return now }
	m := newMachine(s, condition{})
	for range rapid.IntRange(1, 60).Draw(rt, "steps") {
		now += rapid.SampledFrom([]int64{-1500, 0, 1, 400, 1000, 2500, 7000}).Draw(rt, "passes, ms")
		op := anyOperation(rt, m.generation)
		want := m.do(op, now)
		got, err := r.do(rt.Context(), name, &s, op)
		if err != nil {
			rt.Fatal(err)
		}
		if got != want {
			rt.Fatalf("%+v at %d\nthe script: %+v\nthe machine: %+v", op, now, got, want)
		}
	}
}

func anySettings(rt *rapid.T) Settings {
	return Settings{
		FailureRatio: rapid.SampledFrom([]float64{0.1, 0.34, 0.5, 1}).Draw(rt, "ratio"),
		Minimum:      rapid.IntRange(1, 12).Draw(rt, "minimum"),
		Window:       time.Duration(rapid.IntRange(1, 6).Draw(rt, "window")) * time.Second,
		OpenFor:      3 * time.Second,
		Probes:       rapid.IntRange(1, 4).Draw(rt, "probes"),
		ProbeTTL:     5 * time.Second,
	}
}

func anyOperation(rt *rapid.T, generation int64) operation {
	few := rapid.IntRange(0, 5)
	op := operation{kind: rapid.SampledFrom([]kind{permit, permit, observe, observe, observe, observe, reset, look, trip}).Draw(rt, "kind")}
	switch op.kind {
	case permit:
		op.n = few.Draw(rt, "n")
	case observe:
		op.generation = generation - rapid.SampledFrom([]int64{0, 0, 0, 0, 1}).Draw(rt, "older by")
		op.tally = tally{few.Draw(rt, "ok"), few.Draw(rt, "failed"), few.Draw(rt, "other")}
	case reset:
		op.by = "key:someone"
	case trip:
		op.tally = tally{ok: few.Draw(rt, "ok"), failed: few.Draw(rt, "failed")}
	case look:
	}
	return op
}

func connect(t *testing.T, url, prefix string) *redis.Client {
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
