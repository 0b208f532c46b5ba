// Package outage keeps the log quiet while something that a node depends on is
// away: it is said once that it went and once that it is back, with how long that
// took and how many failures it caused.
//
// It owns the state of such a part and a logger that hands warnings about it on at
// level debug, so that no detail is lost. It tries nothing again and asks nobody
// how he is: whoever watches the part says so.
package outage
