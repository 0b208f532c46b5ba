// Package app wires one node from a configuration and runs it: it opens what
// is needed, starts the parts, and stops them in the order in which they
// depend on each other. It decides nothing by itself.
package app
