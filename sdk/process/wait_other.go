//go:build !linux

package process

// reap reaps the leader first, for want of a wait that does not: a number is not
// given away while its group has members, and a group without any needs no kill.
func (g *Group) reap() error {
	err := g.cmd.Wait()
	g.Kill()
	g.keeper.remove(g.pgid)
	g.mu.Lock()
	g.reaped = true
	g.mu.Unlock()
	return err
}
