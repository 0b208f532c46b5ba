package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/core/app"
	"github.com/headrace/headrace/core/catalog"
	"github.com/headrace/headrace/core/redis"
)

const (
	// gcPercent is GOGC for a node unless the environment sets it: most of its
	// memory lives for one task only, and a larger heap halves the collecting.
	gcPercent = 200
	// readyPatience is how long the announcement waits for the plugins. A node
	// whose plugins are slow works already.
	readyPatience = 10 * time.Second
)

// node is one engine to run in this process.
type node struct {
	cfg      *config.Config
	programs *catalog.Catalog
	// token is one more credential; empty: none.
	token string
	log   hclog.Logger
	// announce is called once when the node works.
	announce func(addr net.Addr) error
}

// run works until a signal comes, then drains.
func (n node) run(ctx context.Context) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	redis.LogTo(n.log.Named("redis"))
	guard, err := program(pluginWord, guardWord)
	if err != nil {
		return err
	}
	ctx, release := untilSignal(ctx, stopping{grace: n.cfg.Server.ShutdownGrace, log: n.log, exit: os.Exit})
	defer release()
	engine, err := app.New(ctx, app.Options{
		Config: n.cfg, Programs: n.programs, Guard: guard, Version: version(), Token: n.token, Logger: n.log,
	})
	if err != nil {
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return nil // stopped before it had begun
		}
		return n.explain(err)
	}
	return n.drive(ctx, engine)
}

// drive runs the engine and announces it.
func (n node) drive(ctx context.Context, engine *app.App) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	addr := engine.Addr()
	ended := make(chan error, 1)
	go func() {
		defer stop()
		ended <- engine.Run(ctx)
	}()
	announced := n.whenReady(ctx, engine, addr)
	if announced != nil {
		stop()
	}
	return errors.Join(announced, <-ended)
}

// whenReady waits until the plugins have been started and announces the node,
// unless it is stopped before.
func (n node) whenReady(ctx context.Context, engine *app.App, addr net.Addr) error {
	patient, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	err := engine.Ready(patient)
	switch {
	case ctx.Err() != nil, err != nil && patient.Err() == nil:
		return nil // it has ended; run says why
	case err != nil:
		n.log.Warn("not all plugins have started yet", "error", err)
	}
	return n.announce(addr)
}

// explain turns what often goes wrong at the start into what to do.
func (n node) explain(err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: address already in use: another program listens there; stop it, or listen elsewhere (-listen for dev, server { listen } in the file)",
			n.cfg.Server.Listen)
	}
	return err
}
