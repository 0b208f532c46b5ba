// Package fault holds the closed set of error codes that Headrace and its
// plugins share, with the recovery strategy of each.
//
// A plugin returns these errors; the engine decides by the code whether a task
// is tried again, whether a circuit breaker hears of it, and what the caller is
// told. The package imports the standard library only, so that both sides of
// the wire can depend on it.
package fault
