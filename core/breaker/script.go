package breaker

import (
	"context"
	_ "embed" // for the script
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/headrace/headrace/core/redis"
)

//go:embed lua/breaker.lua
var scriptText string

// errAway says that Redis is not asked, since it did not answer a moment ago.
var errAway = errors.New("redis did not answer a moment ago")

// remote is the state machines in Redis.
type remote struct {
	client *redis.Client
	script *goredis.Script
	// limit of one call; retry is how long Redis is left alone after an error.
	limit, retry time.Duration
	// awayUntil is the end of that, in ns since 1970; 0: Redis answers.
	awayUntil atomic.Int64
	// now for the script, in ms; nil: Redis's own time.
	now func() int64
}

func newRemote(client *redis.Client, limit, retry time.Duration) *remote {
	return &remote{client: client, script: goredis.NewScript(scriptText), limit: limit, retry: retry}
}

// do asks the machine of one breaker.
func (r *remote) do(ctx context.Context, name string, s *Settings, op operation) (answer, error) {
	if time.Now().UnixNano() < r.awayUntil.Load() {
		return answer{}, errAway
	}
	limited, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	values, err := r.script.Run(limited, r.client, []string{r.client.Keys.Breaker(name)}, r.args(s, op)...).StringSlice()
	if err == nil {
		var a answer
		if a, err = readAnswer(values); err == nil {
			r.awayUntil.Store(0)
			return a, nil
		}
	}
	if ctx.Err() == nil {
		r.awayUntil.Store(time.Now().Add(r.retry).UnixNano())
	}
	return answer{}, fmt.Errorf("breaker %s: %w", name, err)
}

func (r *remote) args(s *Settings, op operation) []any {
	now := ""
	if r.now != nil {
		now = strconv.FormatInt(r.now(), 10)
	}
	args := []any{
		string(op.kind), now, s.FailureRatio, s.Minimum, int(s.Window / time.Second),
		s.OpenFor.Milliseconds(), s.Probes, s.ProbeTTL.Milliseconds(),
	}
	switch op.kind {
	case permit:
		args = append(args, op.n)
	case observe:
		args = append(args, op.generation, op.ok, op.failed, op.other)
	case reset:
		args = append(args, op.by)
	case trip:
		args = append(args, op.ok+op.failed, op.failed)
	case look:
	}
	return args
}

// readAnswer decodes what the script returns.
func readAnswer(values []string) (a answer, err error) {
	if len(values) != 10 {
		return a, fmt.Errorf("the script answered %d values", len(values))
	}
	number := func(i int) int64 {
		n, bad := strconv.ParseInt(values[i], 10, 64)
		err = errors.Join(err, bad)
		return n
	}
	a.moved, a.granted, a.again = number(0) == 1, int(number(1)), number(2)
	a.state, a.generation, a.since = State(values[3]), number(4), number(5)
	a.cause, a.by = cause(values[6]), values[7]
	a.calls, a.failures = int(number(8)), int(number(9))
	return a, err
}
