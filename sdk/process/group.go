package process

import (
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Group is a running command with everything that it started and that stayed in
// its process group.
type Group struct {
	cmd    *exec.Cmd
	keeper *Keeper
	pgid   int

	// mu keeps a kill from meeting a number that is free for somebody else.
	mu     sync.Mutex
	reaped bool
}

// pipePatience is how long Wait waits for the output of a process that has left the
// group and still holds the pipe.
const pipePatience = time.Second

// Start starts the command as the leader of a group of its own.
func (k *Keeper) Start(cmd *exec.Cmd) (*Group, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	// First, since it takes milliseconds in which a command would be uncovered.
	if err := k.prepare(); err != nil {
		return nil, err
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.WaitDelay = pipePatience
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	g := &Group{cmd: cmd, keeper: k, pgid: cmd.Process.Pid}
	if err := k.add(g.pgid); err != nil {
		g.Kill()
		_ = cmd.Wait() // It was killed; the keeper's error is what counts.
		return nil, err
	}
	return g, nil
}

// Kill ends the whole group at once. It does nothing once Wait has returned.
func (g *Group) Kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.reaped {
		// A group that has ended by itself is no error.
		_ = syscall.Kill(-g.pgid, syscall.SIGKILL)
	}
}

// Wait waits for the command itself, then ends what it left behind in its group.
// The error is that of exec.Cmd.Wait; a process that left the group and holds the
// output is none.
func (g *Group) Wait() error {
	err := g.reap()
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}
