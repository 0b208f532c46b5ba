package queue

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/core/task"
)

// Pusher takes hints of committed tasks and pushes them in groups, so that no
// writer waits for Redis. It is best effort: what it drops is counted, and the
// reconciler finds it in the store.
type Pusher struct {
	cfg     PusherConfig
	offers  chan []task.Hint
	dropped atomic.Int64
}

// PusherConfig of a Pusher. Queue, Client and Ready are required.
type PusherConfig struct {
	Queue  *Queue
	Client *redis.Client
	// Ready is called when tasks of a type can be popped, or when pushing them
	// failed: either way it is time to look.
	Ready func(taskType string)
	// Lost is called when the type's data in Redis is gone.
	Lost func(taskType string)
	// Depth bounds the offers that wait. Default 4096.
	Depth int
}

// NewPusher makes a pusher; Run starts it.
func NewPusher(cfg PusherConfig) (*Pusher, error) {
	if cfg.Queue == nil || cfg.Client == nil || cfg.Ready == nil || cfg.Lost == nil {
		return nil, errors.New("queue: a pusher needs a queue, a client and somebody to tell")
	}
	if cfg.Depth <= 0 {
		cfg.Depth = 4096
	}
	return &Pusher{cfg: cfg, offers: make(chan []task.Hint, cfg.Depth)}, nil
}

// Offer hands hints over without waiting.
func (p *Pusher) Offer(hints []task.Hint) {
	if len(hints) == 0 {
		return
	}
	select {
	case p.offers <- hints:
	default:
		p.dropped.Add(int64(len(hints)))
	}
}

// Dropped counts the hints that never reached Redis.
func (p *Pusher) Dropped() int64 { return p.dropped.Load() }

// Run pushes until ctx ends; it returns nil.
func (p *Pusher) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case first := <-p.offers:
			byType := map[string][]task.Hint{}
			p.sort(byType, first)
			p.drain(byType)
			for taskType, hints := range byType {
				p.pushType(ctx, taskType, hints)
			}
		}
	}
}

// drain takes what has queued up behind the first offer.
func (p *Pusher) drain(byType map[string][]task.Hint) {
	for range pushMost {
		select {
		case hints := <-p.offers:
			p.sort(byType, hints)
		default:
			return
		}
	}
}

func (p *Pusher) sort(byType map[string][]task.Hint, hints []task.Hint) {
	for _, h := range hints {
		byType[h.Type] = append(byType[h.Type], h)
	}
}

// pushType pushes one type's hints, then wakes this node and the others.
func (p *Pusher) pushType(ctx context.Context, taskType string, hints []task.Hint) {
	_, err := p.cfg.Queue.Push(ctx, taskType, hints)
	p.cfg.Ready(taskType)
	if errors.Is(err, ErrLost) {
		p.dropped.Add(int64(len(hints)))
		p.cfg.Lost(taskType)
		return
	}
	if err == nil {
		err = p.cfg.Client.Tell(ctx, redis.Signal{Kind: redis.Work, Subject: taskType})
	}
	if err != nil {
		p.dropped.Add(int64(len(hints)))
	}
}
