package process

import (
	"errors"

	"golang.org/x/sys/unix"
)

// reap ends the group before it reaps the leader: as long as the leader is a
// zombie, its number cannot be somebody else's.
func (g *Group) reap() error {
	waitExited(g.pgid)
	g.Kill()
	g.keeper.remove(g.pgid)
	g.mu.Lock()
	g.reaped = true
	g.mu.Unlock()
	return g.cmd.Wait()
}

// waitExited returns when the child has ended and leaves it to be reaped.
func waitExited(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return // Ended; or there is no such child, and the reaper will say so.
		}
	}
}
