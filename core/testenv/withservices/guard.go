package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// startTimeout is how long a server that was started may take until it answers.
const startTimeout = 2 * time.Minute

// stopTimeout is how long a server may take to stop before it is killed.
const stopTimeout = 15 * time.Second

// errCut is why the guard stops when withservices has ended.
var errCut = errors.New("the lifeline was cut")

// server is one running Redis or PostgreSQL.
type server interface {
	// url is the address for tests.
	url() string
	// stop ends the server and waits for that.
	stop() error
}

// guardMain runs the guard for the named servers and returns the exit code. Its life is the
// lifeline on standard input.
func guardMain(wanted []string) int {
	// The servers get a parent-death signal, which counts the thread as the parent; the main
	// goroutine starts them all and keeps its thread to the end.
	runtime.LockOSThread()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	go watchLifeline(os.Stdin, cut)

	if err := guard(ctx, wanted, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "withservices: guard:", err)
		return exitFailed
	}
	return 0
}

// watchLifeline returns when the other end is closed, which happens at the latest when its process
// ends. It is the one goroutine that nobody waits for: the process ends with it.
func watchLifeline(lifeline io.Reader, cut context.CancelCauseFunc) {
	_, err := io.Copy(io.Discard, lifeline)
	cut(errors.Join(errCut, err))
}

// guard starts the servers, answers, and stops them when ctx ends. A failure to start is part of
// the answer, not an error of the guard.
func guard(ctx context.Context, wanted []string, out io.Writer) (err error) {
	base := baseDir()
	if err := sweep(ctx, base); err != nil {
		fmt.Fprintln(os.Stderr, "withservices: sweep of earlier runs:", err)
	}
	run, err := newRun(base)
	if err != nil {
		return json.NewEncoder(out).Encode(answer{Error: err.Error()})
	}
	defer func() { err = errors.Join(err, run.remove()) }()

	servers, reply, startErr := startAll(ctx, run, wanted)
	defer func() { err = errors.Join(err, stopAll(servers)) }()
	if startErr != nil {
		reply = answer{Error: startErr.Error()}
	}
	if err := json.NewEncoder(out).Encode(reply); err != nil || startErr != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// startAll starts the servers one after the other. On an error the ones that run are returned too.
func startAll(ctx context.Context, run *run, wanted []string) (servers []server, reply answer, err error) {
	sources, err := findSources(ctx, wanted)
	if err != nil {
		return nil, answer{}, err
	}
	for _, name := range wanted {
		started, err := sources[name](ctx, run)
		if err != nil {
			return servers, answer{}, fmt.Errorf("start %s: %w", name, err)
		}
		servers = append(servers, started)
		if name == redisName {
			reply.RedisURL = started.url()
		} else {
			reply.DatabaseURL = started.url()
		}
	}
	return servers, reply, nil
}

// stopAll stops the servers, the last one first.
func stopAll(servers []server) error {
	var errs []error
	for _, s := range slices.Backward(servers) {
		errs = append(errs, s.stop())
	}
	return errors.Join(errs...)
}
