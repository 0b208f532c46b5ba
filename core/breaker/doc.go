// Package breaker holds the circuit breakers: one for each name, shared by all
// nodes through Redis.
//
//	         failures reach the ratio
//	closed ───────────────────────────▶ open ◀─────────┐
//	   ▲                                  │ open_for    │ one probe fails
//	   │        all probes succeed        ▼             │
//	   └──────────────────────────── half-open ─────────┘
//
// Closed lets every call through and counts outcomes, second by second, over a
// window. Open lets nothing through. Half-open lets a few probes through, on all
// nodes together; a probe that never reports gives its place back after a while.
//
// Each life of a state has a generation. A permit carries the generation it was
// given in, and an outcome whose generation is over counts no more: a call that
// began before the breaker opened says nothing about now. Within a generation
// the order of reports does not matter.
//
// The state machine is written twice: as a script in Redis, on Redis's clock, and
// in Go, which each node uses for itself while Redis does not answer. It starts
// from what the node saw last, and is dropped when Redis answers again. A suite
// runs both through the same sequences.
//
// A name means nothing here. The package never knows what is behind a breaker,
// never decides which outcomes are failures, and never holds a call.
package breaker
