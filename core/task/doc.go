// Package task is the domain: the task, its states, the transitions between
// them, and the values that the store takes and gives. It knows neither SQL
// nor Redis nor plugins.
//
// The life of a task:
//
//	              claim                 success
//	pending ───────────────▶ running ─────────────▶ completed
//	│  ▲ ▲                   │ │ │ │  error, no more tries
//	│  │ └─ retry, release, ─┘ │ │ ├─▶ dead_letter or failed
//	│  │    owner died         │ │
//	│  │                       │ └───▶ cancelled (asked for, and stopped)
//	│  └── redrive ── dead_letter
//	├──▶ cancelled
//	└──▶ dead_letter or failed (deadline)
//
// completed, failed and cancelled absorb: nothing leaves them. Every change is
// guarded by the status and the attempt that it starts from, so that of two
// writers one wins and the other learns that it came late.
package task
