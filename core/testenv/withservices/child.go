package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/headrace/headrace/core/testenv/realserver"
)

// portAttempts is how often a server is started on another port: between the choice of a free port
// and its use, another process may take it.
const portAttempts = 5

// errExited is why waiting for a server ends early.
var errExited = errors.New("the server ended at once")

// child is a server that runs as a child process of the guard.
type child struct {
	name    string
	address string
	cmd     *exec.Cmd
	quit    syscall.Signal // asks for a quick and orderly end
	exited  chan struct{}  // closed when Wait has returned
	waitErr error          // valid once exited is closed
}

// startChild starts a server, records it, and begins to wait for its end. Its output goes to
// NAME.log in the directory of the run.
func startChild(run *run, name string, cmd *exec.Cmd, quit, orphaned syscall.Signal) (*child, error) {
	log, err := os.OpenFile(logPath(run, name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the child has its own copy
	cmd.Stdout, cmd.Stderr = log, log
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	realserver.DieWithParent(cmd.SysProcAttr, orphaned)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{name: name, cmd: cmd, quit: quit, exited: make(chan struct{})}
	recordErr := run.addProcess(cmd.Process.Pid)
	go func() {
		c.waitErr = cmd.Wait()
		close(c.exited)
	}()
	if recordErr != nil {
		return nil, errors.Join(recordErr, c.stop())
	}
	return c, nil
}

func (c *child) url() string { return c.address }

// stop asks the server to end and kills it when it takes longer than stopTimeout.
func (c *child) stop() error {
	select {
	case <-c.exited:
		return fmt.Errorf("%s had ended before its time: %w", c.name, c.waitErr)
	default:
	}
	if err := c.cmd.Process.Signal(c.quit); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", c.name, err)
	}
	late := time.AfterFunc(stopTimeout, func() { _ = c.cmd.Process.Kill() }) // exited tells
	defer late.Stop()
	<-c.exited
	return nil
}

// await waits until ping succeeds, the server has ended, startTimeout is over, or ctx has ended.
func (c *child) await(ctx context.Context, ping func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-c.exited:
			cancel(errExited)
		case <-ctx.Done():
		}
	}()
	err := awaitPing(ctx, ping)
	cancel(nil)
	<-watched
	return err
}

// awaitPing calls ping until it succeeds or startTimeout is over.
func awaitPing(ctx context.Context, ping func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("no answer within %s", startTimeout))
	defer cancel()
	return poll(ctx, ping)
}

// onFreePort calls start with free loopback ports until one holds. A start that fails for another
// reason than an early end is not tried again.
func onFreePort(run *run, name string, start func(port int) (*child, error)) (server, error) {
	var errs []error
	for range portAttempts {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		c, err := start(port)
		if err == nil {
			return c, nil
		}
		errs = append(errs, err)
		if !errors.Is(err, errExited) {
			break
		}
	}
	return nil, fmt.Errorf("%w\n%s", errors.Join(errs...), logTail(run, name))
}

// freePort returns a loopback port that nobody listens on right now.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a local port, at once
	if err != nil {
		return 0, err
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.Join(fmt.Errorf("unexpected address %s", listener.Addr()), listener.Close())
	}
	return address.Port, listener.Close()
}

// newPassword returns a password that needs no escaping anywhere. The servers listen on loopback,
// which every user of the machine can reach.
func newPassword() string { return rand.Text() }

func logPath(run *run, name string) string { return filepath.Join(run.dir, name+".log") }

// logTail returns the end of a server's log, to show why it did not start.
func logTail(run *run, name string) string {
	const most = 4000 // bytes
	data, err := os.ReadFile(logPath(run, name))
	if err != nil {
		return fmt.Sprintf("(no log: %v)", err)
	}
	return string(data[max(0, len(data)-most):])
}
