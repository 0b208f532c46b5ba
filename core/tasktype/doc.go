// Package tasktype is the registry of task types: what the configuration and
// the plugins say of each, and how many of its tasks run on this node.
//
// It decides nothing: intake asks it whether a payload fits, dispatch how much
// of a type may run, the API what to show.
package tasktype
