package pluginhost

import "time"

// SlotStatus is what a slot tells about itself.
type SlotStatus struct {
	// Name of the slot; Version of the plugin, empty before it was described.
	Name, Version string
	State         State
	// PID of the newest process; 0 when none runs.
	PID    int
	Uptime time.Duration
	// Restarts counts the starts after the first.
	Restarts int
	InFlight int
	// SHA256 of the program's file, in hex.
	SHA256 string
	// LastCrash is nil before the first one.
	LastCrash *Crash
	// LastError is why the newest start failed; nil when it did not.
	LastError error
	// NextStart is set while the slot waits to try again.
	NextStart time.Time
	// Strays counts answers of the newest process for attempts that it did not
	// have.
	Strays uint64
}

// fillStatus adds what the generation knows.
func (g *generation) fillStatus(out *SlotStatus) {
	g.mu.Lock()
	defer g.mu.Unlock()
	out.State, out.SHA256 = g.state, g.sha256
	out.InFlight, out.Strays = g.flight.size(), g.flight.strays.Load()
	if !g.state.Ended() {
		out.PID, out.Uptime = g.pid, time.Since(g.started)
	}
}
