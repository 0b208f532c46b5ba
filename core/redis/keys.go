package redis

// Keys names every key of Headrace. All keys of one task type share a hash
// tag, so that they live on one node of a cluster and a script may use them
// together.
type Keys struct {
	prefix string
}

// Ready is the sorted set of ids of one type and priority that are worth
// trying, by the time since which they are ready.
func (k Keys) Ready(taskType string, priority int) string {
	return k.prefix + ":{" + taskType + "}:ready:" + string(rune('0'+priority))
}

// Epoch tells one life of a type's keys from the next: missing or different
// means that they were lost.
func (k Keys) Epoch(taskType string) string { return k.prefix + ":{" + taskType + "}:epoch" }

// Overflow is the hash of priorities whose tasks wait, some of them, in the
// store only, because their lane is full.
func (k Keys) Overflow(taskType string) string { return k.prefix + ":{" + taskType + "}:overflow" }

// Limit is the token bucket of one task type.
func (k Keys) Limit(taskType string) string { return k.prefix + ":{" + taskType + "}:limit" }

// Breaker is the circuit breaker of that name: a task type, or "ch." and the
// name of a channel.
func (k Keys) Breaker(name string) string { return k.prefix + ":{" + name + "}:breaker" }

// Wake is the channel that tells all nodes that there is something to do.
func (k Keys) Wake() string { return k.prefix + ":wake" }
