package breaker

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
)

// metadata of the events of breakers.
type metadata struct {
	Breaker string `json:"breaker"`
	State   State  `json:"state"`
	// Calls and Failures are those of the window, or of the probes, that opened it.
	Calls    int    `json:"calls,omitempty"`
	Failures int    `json:"failures,omitempty"`
	UserID   string `json:"userId,omitempty"`
}

// transition is the event of the beginning of a generation. Every node that
// sees it makes the same event, with the same id, so that it is written even if
// the node that began it dies, and written once.
func transition(name string, c condition) event.Event {
	kind, message := event.RecoveryBreakerClosed, "circuit breaker closed: all probes succeeded"
	switch c.cause {
	case causeOpened:
		kind, message = event.RecoveryBreakerOpened, "circuit breaker opened"
	case causeHalfOpened:
		kind, message = event.RecoveryBreakerHalfOpened, "circuit breaker half-open: probes may go"
	case causeReset:
		kind, message = event.RecoveryBreakerReset, "circuit breaker reset by hand"
	case causeClosed:
	}
	e := event.New(kind, message, metadata{
		Breaker: name, State: c.state, Calls: c.calls, Failures: c.failures, UserID: c.by,
	})
	e.ID = transitionID(name, c)
	e.Timestamp = event.TimeOf(e.ID)
	return e
}

// transitionID is a UUIDv7 whose time is that of the transition and whose
// random part comes from a hash of what it is.
func transitionID(name string, c condition) (id uuid.UUID) {
	sum := sha256.Sum256(fmt.Appendf(nil, "breaker %s %d %s", name, c.generation, c.cause))
	copy(id[:], sum[:])
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(time.UnixMilli(c.since).UnixMilli()))
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}
