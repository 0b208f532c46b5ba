package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/pluginhost"
	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/core/task"
)

// Run works until ctx ends, then drains and closes everything. The order of the
// end: nothing new comes in, running tasks end or are given back, the plugins
// stop, the loops behind them write what they hold, the lease is given back.
func (a *App) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, a.close()) }()
	if err := a.keeper.Register(ctx); err != nil {
		return err
	}
	if err := a.pauses.Load(ctx); err != nil {
		return err
	}
	a.leader.Renew(ctx)
	failed, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	background := a.begin(ctx, fail, a.background...)
	host := a.begin(ctx, fail, loop{"plugin host", a.host.Run})
	dispatcher := a.begin(ctx, fail, loop{"dispatch", a.dispatcher.Run})
	server := a.begin(ctx, fail, loop{"http", a.serve})

	<-failed.Done()
	a.log.Info("stopping")
	for _, group := range []*running{server, dispatcher, host, background} {
		err = errors.Join(err, group.stop())
	}
	if cause := context.Cause(failed); ctx.Err() == nil && cause != nil {
		err = errors.Join(cause, err)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.share(endShare))
	defer cancel()
	return errors.Join(err, a.keeper.End(last))
}

// How the steps of a stop share the grace, in sixteenths. What is left is for
// processes that have to be killed and for the last writes.
const (
	requestShare = 1
	taskShare    = 9
	pluginShare  = 1 // for each rung of a plugin's stop: drain, shut down, terminate
	endShare     = 1
)

// share is the time for one step of a stop.
func (a *App) share(sixteenths time.Duration) time.Duration {
	return sixteenths * a.opts.Config.Server.ShutdownGrace / 16
}

// running is a group of loops with a context of their own.
type running struct {
	cancel context.CancelFunc
	loops  sync.WaitGroup

	mu  sync.Mutex
	err error
}

// begin starts loops; one that ends by itself fails the node.
func (a *App) begin(ctx context.Context, fail context.CancelCauseFunc, loops ...loop) *running {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	group := &running{cancel: cancel}
	for _, l := range loops {
		group.loops.Go(func() {
			err := l.run(own)
			if err != nil {
				err = fmt.Errorf("%s: %w", l.name, err)
			}
			if own.Err() == nil {
				fail(errors.Join(err, fmt.Errorf("%s has ended by itself", l.name)))
				return
			}
			group.mu.Lock()
			defer group.mu.Unlock()
			group.err = errors.Join(group.err, err)
		})
	}
	return group
}

// stop ends the group and waits for it.
func (r *running) stop() error {
	r.cancel()
	r.loops.Wait()
	return r.err
}

// serve answers requests until ctx ends, then lets those under way end.
func (a *App) serve(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- a.server.Serve(a.listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.share(requestShare))
	defer cancel()
	err := a.server.Shutdown(last)
	if errors.Is(err, context.DeadlineExceeded) {
		err = a.server.Close()
	}
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// close closes what open has opened.
func (a *App) close() error {
	var err error
	if a.listener != nil && a.server == nil {
		err = a.listener.Close()
	}
	err = errors.Join(err, a.stopRedis())
	if a.store != nil {
		a.store.Close()
	}
	if a.stateDir != nil {
		err = errors.Join(err, a.stateDir.remove())
	}
	return err
}

// Ready waits until every plugin has been started once, or ctx ends.
func (a *App) Ready(ctx context.Context) error { return a.host.Started(ctx) }

// wake and fence are called by parts that were made before the dispatcher.
func (a *App) wake(taskType string) { a.dispatcher.Wake(taskType) }
func (a *App) fence()               { a.dispatcher.Fence() }

// renewed is called after each renewal of the lease.
func (a *App) renewed(ctx context.Context) {
	a.leader.Renew(ctx)
	a.dispatcher.LookForCancels(ctx)
}

// listen follows what other nodes say.
func (a *App) listen(ctx context.Context) error {
	return a.redis.Listen(ctx, func(s redis.Signal) {
		switch s.Kind {
		case redis.Work:
			a.dispatcher.Wake(s.Subject)
		case redis.Place:
			a.dispatcher.PlaceFree(s.Subject)
		case redis.Pause:
			a.pauses.Look()
		case redis.Cancel:
			if id, err := uuid.Parse(s.Subject); err == nil {
				a.dispatcher.Cancel(id)
			}
		}
	})
}

// followPlugins looks for work whenever a plugin has become active.
func (a *App) followPlugins(ctx context.Context) error {
	for {
		next := a.host.Changes() // asked for first: no change is missed in between
		a.dispatcher.WakeAll()
		select {
		case <-ctx.Done():
			return nil
		case <-next:
		}
	}
}

// canceller ends tasks and tells the nodes.
type canceller struct{ app *App }

// tellLimit bounds the hint to other nodes; without it they find the request at
// their next renewal.
const tellLimit = 500 * time.Millisecond

// Cancel implements api.Canceller.
func (c canceller) Cancel(ctx context.Context, req task.CancelRequest) (task.Task, task.CancelOutcome, error) {
	t, outcome, err := c.app.store.Cancel(ctx, req)
	if err != nil || outcome != task.CancelAsked {
		return t, outcome, err
	}
	c.app.dispatcher.Cancel(req.ID)
	limited, cancel := context.WithTimeout(ctx, tellLimit)
	defer cancel()
	if err := c.app.redis.Tell(limited, redis.Signal{Kind: redis.Cancel, Subject: req.ID.String()}); err != nil {
		c.app.log.Warn("other nodes not told of a cancellation", "task", req.ID, "error", err)
	}
	return t, outcome, nil
}

// crashEvent is the event of a plugin's unwanted end. What it wrote goes to the
// engine's log only: it may hold anything.
func crashEvent(c *pluginhost.Crash) event.Event {
	return event.New(event.SystemPluginCrashed, "plugin process ended unasked", struct {
		Plugin   string `json:"plugin"`
		Version  string `json:"version"`
		PID      int    `json:"pid"`
		SHA256   string `json:"sha256"`
		Kind     string `json:"kind"`
		Status   string `json:"status"`
		UptimeMs int64  `json:"uptimeMs"`
		InFlight int    `json:"inFlight"`
	}{c.Name, c.Version, c.PID, c.SHA256, string(c.Kind), c.Status, c.Uptime.Milliseconds(), len(c.InFlight)})
}
