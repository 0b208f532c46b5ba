// Package node is one start of one engine: its identity, its lease on the work
// that it holds, and the moment at which it must stop that work by itself.
package node
