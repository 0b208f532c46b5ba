package realserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// startLimit bounds the time until a server answers; PostgreSQL replays its log
	// after a hard stop.
	startLimit = time.Minute
	// endLimit bounds the time until a server has ended.
	endLimit = 30 * time.Second
	// portAttempts is how often a server is started on another port: between the
	// choice of a free port and its use, another process may take it.
	portAttempts = 5
	// askEvery is the time between two questions whether a server answers.
	askEvery = 20 * time.Millisecond
)

// errExited is why waiting for a server ends early.
var errExited = errors.New("the server ended at once")

// Server is one process that can be ended and started again. Its methods are for
// one goroutine at a time.
type Server struct {
	// Port on 127.0.0.1; it stays the same.
	Port int
	// Password of the one user that there is.
	Password string
	// URL to connect with.
	URL string
	// Dir is the server's own folder.
	Dir string

	command func() *exec.Cmd
	// bus is the port on which a cluster talks among itself.
	bus     int
	ping    func(ctx context.Context, url string) error
	process *exec.Cmd
	exited  chan struct{}
}

// Start starts the server, which must not run, and waits until it answers.
func (s *Server) Start(ctx context.Context) error {
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the process has its own copy
	cmd := s.command()
	cmd.Stdout, cmd.Stderr = log, log
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	DieWithParent(cmd.SysProcAttr, syscall.SIGKILL)
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // how it ended is of no interest, that it did is
	}()
	s.process, s.exited = cmd, exited
	if err := s.await(ctx); err != nil {
		return errors.Join(fmt.Errorf("start the server: %w\n%s", err, s.log()), s.End(syscall.SIGKILL))
	}
	return nil
}

// await returns when the server answers or has ended.
func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		err := s.ping(ctx, s.URL)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-s.exited:
			return errExited
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// End sends a signal to the server and waits until it has ended. A server that
// has ended already is fine.
func (s *Server) End(sig syscall.Signal) error {
	if s.process == nil {
		return nil
	}
	if err := s.process.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end the server: %w", err)
	}
	timer := time.NewTimer(endLimit)
	defer timer.Stop()
	select {
	case <-s.exited:
		return nil
	case <-timer.C:
		return fmt.Errorf("the server did not end within %s of %s", endLimit, sig)
	}
}

func (s *Server) logPath() string { return filepath.Join(s.Dir, "server.log") }

// log is the end of what the server said.
func (s *Server) log() string {
	const most = 4000 // bytes
	data, err := os.ReadFile(s.logPath())
	if err != nil {
		return fmt.Sprintf("(no log: %v)", err)
	}
	return string(data[max(0, len(data)-most):])
}

// begin starts a server on a free port and ends it with sig after the test.
// prepare fills in what depends on the port.
func begin(tb testing.TB, s *Server, sig syscall.Signal, prepare func() error) *Server {
	tb.Helper()
	tb.Cleanup(func() {
		if err := s.End(sig); err != nil {
			tb.Error(err)
		}
	})
	var errs []error
	for range portAttempts {
		port, err := FreePort()
		if err != nil {
			tb.Fatal(err)
		}
		s.Port = port
		if err := prepare(); err != nil {
			tb.Fatal(err)
		}
		err = s.Start(tb.Context())
		if err == nil {
			return s
		}
		errs = append(errs, err)
		if !errors.Is(err, errExited) {
			break
		}
	}
	tb.Fatal(errors.Join(errs...))
	return nil
}

// FreePort returns a loopback port that nobody listens on right now.
func FreePort() (int, error) {
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

// folder makes a folder for a server, which may run as another user: the test's
// own folders are closed to those.
func folder(tb testing.TB, name string) string {
	tb.Helper()
	dir, err := os.MkdirTemp("/tmp", "headrace-"+name+"-*") //nolint:usetesting // a test's own folder is closed to other users
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // G302: passing through is the point
		tb.Fatal(err)
	}
	return dir
}

func newPassword() string { return strings.ToLower(rand.Text()) }
