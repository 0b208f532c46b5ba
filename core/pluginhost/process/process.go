package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin/runner"
	"golang.org/x/sys/unix"
)

var _ runner.Runner = (*Process)(nil)

// linger is how long the pipes are read after the process has ended: its last
// words are in them already, and a grandchild may hold them for ever.
const linger = 100 * time.Millisecond

// Watcher hears of process groups; the guard is one.
type Watcher interface {
	Add(Group) error
	Remove(Group) error
}

// Group is a process group by its leader.
type Group struct {
	PID int
	// Start of the leader in clock ticks since the machine's start.
	Start uint64
}

// Spec says what to start.
type Spec struct {
	// Path of the program, absolute; Args follow it.
	Path string
	Args []string
	// Env is the whole environment.
	Env []string
	// SocketDir is the private folder in which the plugin must listen.
	SocketDir string
	// Log takes what the plugin prints.
	Log hclog.Logger
	// Watcher hears of the group; nil: nobody does.
	Watcher Watcher
}

// Process is one run of a program. It is started once and is go-plugin's runner.
type Process struct {
	spec  Spec
	cmd   *exec.Cmd
	group Group
	hello *firstLine
	last  *tail
	// lifeline is our end of the plugin's standard input. Nothing is written to
	// it; that it closes tells the plugin that the engine is gone.
	lifeline       *os.File
	stdout, stderr *os.File

	work sync.WaitGroup
	// exited is closed when the process and its group have ended; ended when the
	// pipes are closed too.
	exited, ended chan struct{}

	mu sync.Mutex
	// refused: it was killed before its start.
	refused bool
	// killed: by Signal, while it was not dead.
	killed, dead bool
	// reaped: the pid may belong to somebody else from now on.
	reaped bool
	status string
}

// New prepares a process without starting it.
func New(spec Spec) *Process {
	return &Process{
		spec: spec, hello: newFirstLine(), last: &tail{},
		exited: make(chan struct{}), ended: make(chan struct{}),
	}
}

// Start starts the program. After an error nothing is left running.
func (p *Process) Start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil || p.refused {
		return errors.Join(fmt.Errorf("start %s: %w", p.spec.Path, context.Canceled), err)
	}
	cmd := &exec.Cmd{
		Path: p.spec.Path, Args: append([]string{p.spec.Path}, p.spec.Args...), Env: p.spec.Env,
		SysProcAttr: &unix.SysProcAttr{Setpgid: true},
	}
	theirs, err := p.openPipes(cmd)
	if err == nil {
		err = cmd.Start()
	}
	err = errors.Join(err, closeAll(theirs))
	if cmd.Process == nil {
		return errors.Join(fmt.Errorf("start %s: %w", p.spec.Path, err), closeAll(p.ours()))
	}
	p.cmd = cmd
	p.announce()
	p.work.Go(func() { p.read(p.stdout, p.outLines()) })
	p.work.Go(func() { p.read(p.stderr, p.errLines()) })
	go p.reap() // ends with the process; Wait waits for it
	return err
}

// openPipes connects the command and returns the ends that belong to the child.
func (p *Process) openPipes(cmd *exec.Cmd) (theirs []*os.File, err error) {
	var in, out, errs *os.File
	if in, p.lifeline, err = os.Pipe(); err != nil {
		return nil, fmt.Errorf("open a pipe: %w", err)
	}
	if p.stdout, out, err = os.Pipe(); err != nil {
		return []*os.File{in}, fmt.Errorf("open a pipe: %w", err)
	}
	if p.stderr, errs, err = os.Pipe(); err != nil {
		return []*os.File{in, out}, fmt.Errorf("open a pipe: %w", err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, errs
	return []*os.File{in, out, errs}, nil
}

func (p *Process) ours() []*os.File { return []*os.File{p.lifeline, p.stdout, p.stderr} }

func closeAll(files []*os.File) error {
	var failed error
	for _, f := range files {
		if f != nil {
			failed = errors.Join(failed, f.Close())
		}
	}
	return failed
}

// announce tells the watcher about the group. The child cannot be reaped before
// reap runs, so its record is there even if it has ended.
func (p *Process) announce() {
	p.group.PID = p.cmd.Process.Pid
	record, err := readStat(p.group.PID)
	if err != nil {
		p.spec.Log.Error("plugin runs without its guard", "error", err)
		return
	}
	p.group.Start = record.start
	if p.spec.Watcher == nil {
		return
	}
	if err := p.spec.Watcher.Add(p.group); err != nil {
		p.spec.Log.Error("plugin runs without its guard", "error", err)
	}
}

// outLines hands the first line of standard output to go-plugin and the rest to
// the log.
func (p *Process) outLines() *Lines {
	log := &logger{log: p.spec.Log}
	return NewLines(func(line []byte, cut int) {
		if !p.hello.set(line) {
			log.stdout(line, cut)
		}
	})
}

func (p *Process) errLines() *Lines {
	log := &logger{log: p.spec.Log}
	return NewLines(func(line []byte, cut int) { p.last.line(log.stderr(line, cut)) })
}

// Printed takes a line that the program printed and that came another way than
// through the pipe: go-plugin's own server sends them over the connection.
func (p *Process) Printed(line []byte, cut int) {
	text := withCut(line, cut)
	p.last.line(text)
	p.spec.Log.Warn("plugin printed", "line", text)
}

// read drains a pipe until it ends or its deadline passes.
func (p *Process) read(from *os.File, lines *Lines) {
	defer lines.Flush()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if _, bad := lines.Write(buffer[:n]); bad != nil || err != nil {
			return // the end of the file, or the deadline after the process's end
		}
	}
}

// reap waits for the end of the process, ends what is left of its group, and
// closes the pipes.
func (p *Process) reap() {
	defer close(p.ended)
	p.awaitExit()
	p.mu.Lock()
	p.dead = true
	p.signalLocked(unix.SIGKILL) // the dead leader still reserves the group's number
	waited := p.cmd.Wait()
	p.reaped, p.status = true, exitText(p.cmd.ProcessState, waited)
	p.mu.Unlock()
	close(p.exited)
	if p.spec.Watcher != nil {
		if err := p.spec.Watcher.Remove(p.group); err != nil {
			p.spec.Log.Warn("guard not told of a plugin's end", "error", err)
		}
	}
	p.closePipes()
}

// awaitExit returns when the process is dead, without reaping it.
func (p *Process) awaitExit() {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, p.group.PID, &info, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return // any other error means that there is no such child any more
		}
	}
}

func (p *Process) closePipes() {
	deadline := time.Now().Add(linger)
	err := errors.Join(p.stdout.SetReadDeadline(deadline), p.stderr.SetReadDeadline(deadline))
	if err != nil { // without a deadline only closing ends the readers
		err = errors.Join(err, closeAll(p.ours()))
		p.work.Wait()
	} else {
		p.work.Wait()
		err = closeAll(p.ours())
	}
	p.hello.set(nil)
	if err != nil {
		p.spec.Log.Warn("pipes of a plugin not closed in order", "error", err)
	}
}

func exitText(state *os.ProcessState, err error) string {
	if state == nil {
		return fmt.Sprintf("lost: %v", err)
	}
	return state.String()
}

// Signal sends a signal to the whole group; it does nothing once the process has
// been reaped. SIGKILL before the start prevents it.
func (p *Process) Signal(s unix.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.cmd == nil:
		p.refused = p.refused || s == unix.SIGKILL
	case !p.reaped:
		p.killed = p.killed || s == unix.SIGKILL && !p.dead
		p.signalLocked(s)
	}
}

// signalLocked also addresses the process itself, which may have left its group.
// Errors mean that nobody is there.
func (p *Process) signalLocked(s unix.Signal) {
	_ = unix.Kill(-p.group.PID, s)
	_ = unix.Kill(p.group.PID, s)
}

// PID of the process, and of its group; 0 before the start.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.group.PID
}

// Killed tells whether the engine killed the process before it ended by itself.
func (p *Process) Killed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.killed
}

// Exited is closed when the process and its group have ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Ended is closed when the process has ended and its pipes are closed.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Status says how the process has ended; empty while it runs.
func (p *Process) Status() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

// LastWords are the last 64 KiB of its standard error, cleaned.
func (p *Process) LastWords() string { return p.last.String() }

// FirstLine is what it printed first on standard output.
func (p *Process) FirstLine() (string, bool) { return p.hello.text() }

// Wait waits until the process has ended and its pipes are closed.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for process %d: %w", p.group.PID, ctx.Err())
	}
}

// Kill kills the group and does not wait.
func (p *Process) Kill(context.Context) error {
	p.Signal(unix.SIGKILL)
	return nil
}

// Stdout gives go-plugin the first line of standard output, and its end.
func (p *Process) Stdout() io.ReadCloser { return p.hello }

// Stderr is empty for go-plugin: standard error is read here.
func (p *Process) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

// Name of the program.
func (p *Process) Name() string { return p.spec.Path }

// ID is the pid as text; empty before the start.
func (p *Process) ID() string {
	pid := p.PID()
	if pid == 0 {
		return ""
	}
	return strconv.Itoa(pid)
}

// Diagnose adds nothing to go-plugin's errors; the host writes its own.
func (p *Process) Diagnose(context.Context) string { return "" }

// PluginToHost accepts only a unix socket inside the private folder.
func (p *Process) PluginToHost(network, address string) (string, string, error) {
	if network != "unix" {
		return "", "", fmt.Errorf("the plugin listens on %q; it must use a unix socket", Clean(network, 32))
	}
	inside, err := filepath.Rel(p.spec.SocketDir, address)
	if err != nil || !filepath.IsLocal(inside) || inside == "." {
		return "", "", fmt.Errorf("the plugin's socket %q is outside the folder in PLUGIN_UNIX_SOCKET_DIR", Clean(address, 256))
	}
	return network, address, nil
}

// HostToPlugin is never asked for: the engine serves no socket to a plugin.
func (p *Process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
