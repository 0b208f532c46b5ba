// Package pluginhost runs the plugin processes: it starts, configures, watches,
// restarts and stops them, hands them attempts in groups and gives back exactly
// one outcome for each.
//
// A slot is the logical plugin of the configuration. A generation is one process
// of one exact program with one configuration; it is used once. The slot points
// at its active generation:
//
//	Submit ──▶ slot ──pointer──▶ generation ──▶ process (package process)
//	                                 │ flight: the attempts inside, its leases
//	                                 │ runStream: one stream, groups both ways
//	Sink ◀── outcomes, progress, logs┘
//
// The life of a generation, of which state.go has the table:
//
//	starting ──▶ described ──▶ configured ──▶ ready ──▶ active ──▶ draining ──▶ stopped
//	    │            │              │           │          │           │
//	    └────────────┴──────────────┴───────────┴──────────┴───────────┴─────▶ failed
//
// (the first four may also be stopped at once.) After failed the slot waits, with
// full jitter between nothing and one second, doubling to two minutes, and starts
// a new generation; ten healthy minutes make the next wait short again.
//
// An accepted attempt is a lease on its generation: a generation is empty when
// its flight is, and it accepts under the same short lock that registers a group,
// so that nothing is ever handed to a generation that has begun to drain. Submit
// loads the pointer, tries, and loads again when the generation has just closed.
//
// Outcomes of a crash are given out only when the process is dead, so that no two
// attempts at a task overlap, and after everything it said before its death has
// been read.
//
// Goroutines: Run owns one supervisor for each slot; a supervisor owns the
// generation that it has started, and a generation its sender, reader and health
// check. Each waits for what it owns.
//
// The package never decides what becomes of a task, keeps no queue of its own and
// writes no events; whoever submits bounds how much is in flight.
package pluginhost
