// Package dispatch runs tasks: for each task type a loop pops hints, claims
// their tasks in groups, hands them to the plugin, and settles what comes back
// in groups.
//
// The package owns every attempt between its claim and its settlement:
//
//	        claim                submit              outcome
//	hint ─────────▶ claimed ──────────────▶ running ─────────▶ settling ──▶ gone
//	                   │ (crashed before:      │ cancel, time-out
//	                   ▼  waits to be alone)   ▼
//	                suspect                  ending ── grace over ──▶ abandoned
//
// An abandoned attempt is settled without its plugin's answer: its task is
// fenced off, and its place is given back only when the plugin lets go of it.
// The package never decides by a hint: a task runs when the store's claim says
// so, and ends when the store's settlement says so.
package dispatch
