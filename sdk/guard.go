package sdk

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"
)

// guard watches over the life of the process: the engine's lifeline on standard
// input, and signals.
type guard struct {
	server  *Server
	log     *slog.Logger
	signals chan os.Signal
	quit    context.CancelFunc
	waiting sync.WaitGroup
}

// newGuard starts to watch. SIGINT and SIGTERM reach a whole group or cgroup, so
// they do nothing while the engine still drains; afterwards they end the process.
// SIGPIPE is caught so that a log line to a dead engine does not kill us before we
// have ended our group.
func newGuard(server *Server, log *slog.Logger) *guard {
	ctx, quit := context.WithCancel(context.Background())
	g := &guard{server: server, log: log, signals: make(chan os.Signal, 1), quit: quit}
	// Notify, not Ignore: an ignored signal stays ignored in child processes.
	signal.Notify(g.signals, unix.SIGINT, unix.SIGTERM, unix.SIGPIPE)
	g.waiting.Go(func() { g.watchSignals(ctx) })
	if lifeline(os.Stdin) {
		// This one blocks in read until the process ends; nobody can wait for it.
		go g.watchLifeline(os.Stdin)
	}
	return g
}

func (g *guard) stop() {
	signal.Stop(g.signals)
	g.quit()
	g.waiting.Wait()
}

func (g *guard) watchSignals(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-g.signals:
			if s != unix.SIGPIPE && g.server.drained() {
				g.waiting.Go(g.server.Stop)
				return
			}
		}
	}
}

// lifeline tells whether the file is a pipe or a socket, which the engine holds
// open for as long as it lives. A terminal or /dev/null says nothing about anybody.
func lifeline(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0
}

// watchLifeline ends the process and its children when the engine is gone.
func (g *guard) watchLifeline(stdin io.Reader) {
	if _, err := io.Copy(io.Discard, stdin); err != nil {
		g.log.Warn("the lifeline broke", "error", err.Error())
	}
	g.server.Stop()
	endGroup()
	os.Exit(exitError) //nolint:revive // the end of the process is what this is for
}

// endGroup kills the process group, ourselves included, when it is ours.
func endGroup() {
	if pid := os.Getpid(); unix.Getpgrp() == pid {
		// An error would mean that the group is gone, and we with it.
		_ = unix.Kill(-pid, unix.SIGKILL)
	}
}
