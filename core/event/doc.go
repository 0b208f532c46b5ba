// Package event holds the audit event and the declaration of every event type.
//
// A type is declared once, with its category, its default severity and what it
// is for; the documentation and the checks of alert rules come from here. The
// package makes events and never stores them: an event is written in the
// transaction that changes the state it speaks of.
package event
