package pluginhost

import "slices"

// State is where a generation is in its life; doc.go has the diagram.
type State int8

const (
	// StateStarting: the process is being started and shakes hands.
	StateStarting State = iota
	// StateDescribed: it has said what is inside.
	StateDescribed
	// StateConfigured: it has accepted its configuration.
	StateConfigured
	// StateReady: it is healthy, and gets no tasks yet.
	StateReady
	// StateActive: it gets the slot's tasks.
	StateActive
	// StateDraining: it finishes what it has.
	StateDraining
	// StateStopped: ended by the engine.
	StateStopped
	// StateFailed: did not start, or crashed. The slot starts a successor.
	StateFailed
)

// transitions is the one table of the life cycle; read only.
var transitions = map[State][]State{
	StateStarting:   {StateDescribed, StateFailed, StateStopped},
	StateDescribed:  {StateConfigured, StateFailed, StateStopped},
	StateConfigured: {StateReady, StateFailed, StateStopped},
	StateReady:      {StateActive, StateFailed, StateStopped},
	StateActive:     {StateDraining, StateFailed},
	StateDraining:   {StateStopped, StateFailed},
	StateStopped:    {},
	StateFailed:     {},
}

// CanBecome tells whether the life cycle has that step.
func (s State) CanBecome(next State) bool { return slices.Contains(transitions[s], next) }

// Ended tells whether the generation is over.
func (s State) Ended() bool { return s == StateStopped || s == StateFailed }

var stateNames = [...]string{
	"starting", "described", "configured", "ready", "active", "draining", "stopped", "failed",
}

// String is the word of the API.
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return "invalid"
	}
	return stateNames[s]
}
