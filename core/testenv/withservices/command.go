package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/headrace/headrace/core/testenv/realserver"
)

// exitSignalBase is what shells add to the number of the signal that ended a command.
const exitSignalBase = 128

// signals receives the two signals that ask a run to stop.
type signals struct {
	ch chan os.Signal
}

// catchSignals takes over SIGINT and SIGTERM until release is called. The buffer holds one of each.
func catchSignals() *signals {
	s := &signals{ch: make(chan os.Signal, 2)}
	signal.Notify(s.ch, os.Interrupt, syscall.SIGTERM)
	return s
}

func (s *signals) release() { signal.Stop(s.ch) }

// context returns one that ends with the first signal; that signal is then used up. The returned
// function waits for the goroutine behind it, so that no later signal is taken away.
func (s *signals) context(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case sig := <-s.ch:
			cancel(fmt.Errorf("stopped by signal: %s", sig))
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil); <-done }
}

// runCommand runs the command to its end, passes signals on, and returns its exit code.
func runCommand(args, environ []string, signals *signals) (int, error) {
	// The parent-death signal counts the thread as the parent, so this one has to stay.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec,noctx // running it is the purpose; signals end it
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = environ
	cmd.SysProcAttr = realserver.DieWithParent(&syscall.SysProcAttr{}, syscall.SIGKILL)
	if err := cmd.Start(); err != nil {
		return exitFailed, fmt.Errorf("start the command: %w", err)
	}
	done := make(chan struct{})
	forwarded := make(chan struct{})
	go func() {
		defer close(forwarded)
		forward(cmd.Process, signals.ch, done)
	}()
	err := cmd.Wait()
	close(done)
	<-forwarded
	return exitCode(err)
}

// forward passes signals to the process until it is done. An interrupt from the keyboard reaches
// the whole foreground group by itself: passing it on as well would make it two.
func forward(to *os.Process, from <-chan os.Signal, done <-chan struct{}) {
	for {
		select {
		case sig := <-from:
			if sig == os.Interrupt && inForeground() {
				continue
			}
			// The only failure is that the process has ended, which is what was asked for.
			_ = to.Signal(sig)
		case <-done:
			return
		}
	}
}

// exitCode turns the result of Wait into the exit code that a shell would show.
func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case !errors.As(err, &exit):
		return exitFailed, fmt.Errorf("wait for the command: %w", err)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitSignalBase + int(status.Signal()), nil
	}
	return exit.ExitCode(), nil
}

// inForeground reports whether this process belongs to the foreground group of its terminal.
func inForeground() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false // no terminal
	}
	defer func() { _ = tty.Close() }() // only read
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == syscall.Getpgrp()
}
