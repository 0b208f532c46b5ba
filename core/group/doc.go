// Package group shares one transaction among concurrent callers: natural group
// commit. While one group is being written the next one gathers; whoever is
// alone goes at once. There is no timer, so an idle system adds no latency, and
// 64 blocked callers still share a commit.
//
// Every item keeps its own fate: a group that the store refuses for what it
// holds is halved until the bad item stands alone and gets its own error.
package group
