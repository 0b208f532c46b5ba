// Package demo is the built-in plugin for trying things out: a task that answers
// with its payload, one that waits, and one that fails as told.
//
// It keeps no state: how often demo.fail has failed follows from the attempt
// number that the engine hands in, so it is right over nodes, processes and
// redrives.
package demo
