// Package ratelimit holds the rate limit of each task type: a token bucket in
// Redis that all nodes share, asked before anything is popped.
//
// While Redis does not answer each node uses a bucket of its own with the whole
// rate, so that n nodes together start up to n times as many: work goes on, and
// what is behind a type must bear that for as long.
//
// A token taken for a start that did not happen goes back. The package never
// knows what starts, and never waits.
package ratelimit
