package node

import (
	"time"

	"github.com/google/uuid"
)

// Info is the row of one start of one engine.
type Info struct {
	// ID is new for every start.
	ID uuid.UUID
	// Name is the operator's name for the node; several starts share it.
	Name string
	// Version of the program.
	Version string
	Started time.Time
	// LeaseUntil is when the node's right to its tasks ends, by the clock of
	// the store.
	LeaseUntil time.Time
	// DeadAt is set when the node stopped, or was declared dead; zero: it lives.
	DeadAt time.Time
	// ConfigHash tells apart nodes that run different configurations.
	ConfigHash string
}
