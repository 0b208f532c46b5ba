package main

import (
	"context"
	"errors"
	"time"

	"github.com/hibiken/asynq"
	"golang.org/x/sync/errgroup"
)

// asynqName is the name of the only task type; "default" is asynq's queue when none is named.
const (
	asynqName    = "echo"
	asynqPending = "asynq:{default}:pending"
	asynqActive  = "asynq:{default}:active"
)

// asynqConcurrency is the concurrency of each server. More does not help: a server takes one task
// after the other from Redis.
const asynqConcurrency = 50

// asynqRig is asynq with its servers in this process.
type asynqRig struct {
	services *services
	client   *asynq.Client
	servers  []*asynq.Server
	starts   chan time.Time
}

// newAsynq makes a rig with some servers in one process, which is how its throughput is raised.
func newAsynq(servers int, check time.Duration) func(context.Context, *services) (rig, error) {
	return func(ctx context.Context, s *services) (rig, error) {
		if err := s.emptyRedis(ctx); err != nil {
			return nil, err
		}
		opt, err := asynq.ParseRedisURI(s.redisURL)
		if err != nil {
			return nil, err
		}
		r := &asynqRig{services: s, client: asynq.NewClient(opt), starts: make(chan time.Time, 1)}
		for range servers {
			r.servers = append(r.servers, asynq.NewServer(opt, asynq.Config{
				Concurrency: asynqConcurrency, LogLevel: asynq.FatalLevel, TaskCheckInterval: check,
			}))
		}
		return r, nil
	}
}

func (r *asynqRig) preload(ctx context.Context, n int) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(submitters)
	for range n {
		g.Go(func() error { return r.submit(ctx) })
	}
	return g.Wait()
}

func (r *asynqRig) arm(context.Context) error { return nil }

func (r *asynqRig) start(context.Context) error {
	handler := asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		noteStart(r.starts)
		return nil
	})
	for _, server := range r.servers {
		if err := server.Start(handler); err != nil {
			return err
		}
	}
	return nil
}

// noteStart keeps the time of one start for whoever waits for it.
func noteStart(starts chan time.Time) {
	select {
	case starts <- time.Now():
	default:
	}
}

func (r *asynqRig) warm(ctx context.Context) error {
	_, err := r.pickUp(ctx)
	return err
}

func (r *asynqRig) submit(ctx context.Context) error {
	_, err := r.client.EnqueueContext(ctx, asynq.NewTask(asynqName, []byte(payload)))
	return err
}

func (r *asynqRig) done(ctx context.Context, _ int) error {
	return poll(ctx, "asynq's queue", func(ctx context.Context) (bool, error) {
		pipe := r.services.redis.Pipeline()
		pending, active := pipe.LLen(ctx, asynqPending), pipe.LLen(ctx, asynqActive)
		_, err := pipe.Exec(ctx)
		return pending.Val()+active.Val() == 0, err
	})
}

func (r *asynqRig) pickUp(ctx context.Context) (time.Time, error) {
	return pickUpHere(ctx, r.starts, r.submit)
}

// pickUpHere hands in a task and waits for its start in this process.
func pickUpHere(ctx context.Context, starts chan time.Time, submit func(context.Context) error) (time.Time, error) {
	select {
	case <-starts: // of a task before
	default:
	}
	if err := submit(ctx); err != nil {
		return time.Time{}, err
	}
	select {
	case at := <-starts:
		return at, nil
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
}

func (r *asynqRig) engine() int { return 0 }

func (r *asynqRig) figures(context.Context) (map[string]float64, error) { return nil, nil }

func (r *asynqRig) close(ctx context.Context) error {
	for _, server := range r.servers {
		server.Shutdown()
	}
	return errors.Join(r.client.Close(), r.services.emptyRedis(ctx))
}
