package node

// State of a start of an engine, as the other nodes see it.
type State string

// The states.
const (
	// Alive: its lease holds.
	Alive State = "alive"
	// Lapsed: its lease has ended and nobody has declared it dead yet.
	Lapsed State = "lapsed"
	// Gone: it has stopped, or was declared dead.
	Gone State = "gone"
)

// Member is a node with what it does.
type Member struct {
	Info
	State State
	// Running is the number of tasks that it runs.
	Running int
	// Leads: it does the housekeeping.
	Leads bool
}

// Judge sets the state and the lead. holds: the lease has not ended by the
// store's clock; named: the leader's row names the node, which leads only while
// it is alive.
func (m *Member) Judge(holds, named bool) {
	switch {
	case !m.DeadAt.IsZero():
		m.State = Gone
	case holds:
		m.State = Alive
	default:
		m.State = Lapsed
	}
	m.Leads = named && m.State == Alive
}
