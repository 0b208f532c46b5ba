package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sys/unix"
)

const (
	// guardPatience is how long a message to the guard may take. The pipe holds
	// thousands of them, so a longer wait means that the guard is stopped.
	guardPatience = time.Second
	// guardPause is the time between the death of a guard and its successor.
	guardPause = time.Second
	// guardFarewell is how long the guard may take to end when asked to.
	guardFarewell = 2 * time.Second
)

// Guard is the engine's side of the guard process: it tells it of each plugin's
// group, and starts another one when it dies.
type Guard struct {
	argv []string
	log  hclog.Logger

	mu       sync.Mutex
	groups   map[Group]bool
	lifeline *os.File
	cmd      *exec.Cmd

	closing chan struct{}
	watch   sync.WaitGroup
}

// StartGuard starts the guard process by its command line, which must end in
// [RunGuard]. Close ends it.
func StartGuard(argv []string, log hclog.Logger) (*Guard, error) {
	if len(argv) == 0 {
		return nil, errors.New("start the guard: no command")
	}
	g := &Guard{argv: argv, log: log, groups: map[Group]bool{}, closing: make(chan struct{})}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.startLocked(); err != nil {
		return nil, err
	}
	g.watch.Go(g.keep)
	return g, nil
}

// startLocked starts a guard and tells it what the last one knew.
func (g *Guard) startLocked() error {
	theirs, lifeline, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start the guard: %w", err)
	}
	cmd := &exec.Cmd{
		Path: g.argv[0], Args: g.argv, Env: Environment(nil), Stdin: theirs,
		// A group of its own: what a terminal sends to the engine's must not end it.
		SysProcAttr: &unix.SysProcAttr{Setpgid: true},
	}
	err = errors.Join(cmd.Start(), theirs.Close())
	if cmd.Process == nil {
		return errors.Join(fmt.Errorf("start the guard: %w", err), lifeline.Close())
	}
	g.cmd, g.lifeline = cmd, lifeline
	for group := range g.groups {
		err = errors.Join(err, g.sendLocked(verbAdd, group))
	}
	return err
}

// keep replaces a guard that dies.
func (g *Guard) keep() {
	for {
		err := g.current().Wait()
		select {
		case <-g.closing:
			return
		default:
		}
		g.log.Error("guard of the plugins died, starting another", "status", fmt.Sprint(err))
		for !g.restart() {
			select {
			case <-g.closing:
				return
			case <-time.After(guardPause):
			}
		}
	}
}

func (g *Guard) current() *exec.Cmd {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.cmd
}

// restart tells whether there is a guard to wait for.
func (g *Guard) restart() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.closing:
		return true // the old one is waited for again, and closing ends the loop
	default:
	}
	dead := g.cmd
	err := errors.Join(g.lifeline.Close(), g.startLocked())
	if err != nil {
		g.log.Error("guard of the plugins not started", "error", err)
	}
	return g.cmd != dead
}

// Add tells the guard of a group to end should the engine die.
func (g *Guard) Add(group Group) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.groups[group] = true
	return g.sendLocked(verbAdd, group)
}

// Remove tells the guard that a group has ended.
func (g *Guard) Remove(group Group) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.groups, group)
	return g.sendLocked(verbRemove, group)
}

// sendLocked writes one line. A guard that does not read is killed, so that the
// next one hears everything.
func (g *Guard) sendLocked(verb string, group Group) error {
	err := g.lifeline.SetWriteDeadline(time.Now().Add(guardPatience))
	if err == nil {
		_, err = fmt.Fprintf(g.lifeline, "%s %d %d\n", verb, group.PID, group.Start)
	}
	if err == nil {
		return nil
	}
	if killed := g.cmd.Process.Kill(); killed != nil && !errors.Is(killed, os.ErrProcessDone) {
		err = errors.Join(err, killed)
	}
	return fmt.Errorf("tell the guard: %w", err)
}

// Close ends the guard, which kills what it still knows of, and waits for it.
func (g *Guard) Close() error {
	g.mu.Lock()
	close(g.closing)
	err := g.lifeline.Close()
	process := g.cmd.Process
	g.mu.Unlock()
	late := time.AfterFunc(guardFarewell, func() {
		if killed := process.Kill(); killed == nil {
			g.log.Warn("guard did not end by itself")
		}
	})
	defer late.Stop()
	g.watch.Wait()
	return err
}
