package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
)

// stopping says how a node ends when it is told to.
type stopping struct {
	// grace is how long the drain may take.
	grace time.Duration
	log   hclog.Logger
	// exit ends the process at once.
	exit func(code int)
}

// untilSignal returns a context that ends with the first SIGINT or SIGTERM. From
// then on a second signal, or the end of the grace, ends the process at once; the
// guard then kills the plugins. release ends the watch and waits for it.
func untilSignal(ctx context.Context, s stopping) (_ context.Context, release func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	return s.watch(ctx, signals, func() { signal.Stop(signals) })
}

func (s stopping) watch(ctx context.Context, signals <-chan os.Signal, unhook func()) (_ context.Context, release func()) {
	ctx, cancel := context.WithCancel(ctx)
	released := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case first := <-signals:
			s.log.Info("stopping; a second signal ends it at once", "signal", first.String(), "grace", s.grace.String())
			cancel()
			s.hurry(signals, released)
		case <-released:
		}
	})
	return ctx, func() {
		unhook()
		close(released)
		watcher.Wait()
		cancel()
	}
}

// hurry ends the process when the drain must go on no longer.
func (s stopping) hurry(signals <-chan os.Signal, released <-chan struct{}) {
	timer := time.NewTimer(s.grace)
	defer timer.Stop()
	select {
	case second := <-signals:
		code := exitError
		if number, ok := second.(syscall.Signal); ok {
			code = exitSignal + int(number)
		}
		s.exit(code)
	case <-timer.C:
		s.log.Error("the drain has outlasted the grace, ending at once", "grace", s.grace.String())
		s.exit(exitError)
	case <-released:
	}
}
