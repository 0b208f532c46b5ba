package main

import (
	"fmt"
	"time"
)

// counts are how many tasks each scenario has.
type counts struct {
	drain, together, idle, backlog int
}

// scenarios returns what is measured. Peers come as shipped, and at the best setting known: more
// servers or workers than these made them no faster on two cores.
func scenarios(b binaries, n counts) []scenario {
	headrace := contender{"Headrace", "defaults, audit on, plugin process", newHeadrace(b, 0)}
	rest := func(peers ...contender) []contender { return append([]contender{headrace}, peers...) }
	const tunedCooldown, tunedPoll = 2 * time.Millisecond, 20 * time.Millisecond
	return []scenario{
		{
			name: "drain", title: "Drain a full queue", tasks: n.drain, work: drain,
			contenders: rest(
				contender{"asynq", "one server, concurrency 50", newAsynq(1, 0)},
				contender{"asynq", "8 servers, concurrency 50", newAsynq(8, 0)},
				contender{"River", "1,000 workers", newRiver(riverWorkers, n.drain, 0, 0)},
				contender{"River", "1,000 workers, cooldown 2 ms", newRiver(riverWorkers, n.drain, tunedCooldown, tunedPoll)},
			),
		},
		{
			name: "together", title: "64 clients submit one by one while a worker runs", tasks: n.together, work: together,
			contenders: rest(
				contender{"asynq", "one server, concurrency 50", newAsynq(1, 0)},
				contender{"asynq", "4 servers, concurrency 50", newAsynq(4, 0)},
				contender{"River", "1,000 workers, cooldown 2 ms", newRiver(riverWorkers, n.together, tunedCooldown, tunedPoll)},
			),
		},
		{
			name: "idle", title: "From submission to start when idle", tasks: n.idle, work: idle,
			contenders: rest(
				contender{"asynq", "one server, concurrency 50", newAsynq(1, 0)},
				contender{"asynq", "checks every 200 ms", newAsynq(1, 200*time.Millisecond)},
				contender{"River", "100 workers", newRiver(riverIdleWorkers, n.idle, 0, 0)},
				contender{"River", "100 workers, cooldown 1 ms", newRiver(riverIdleWorkers, n.idle, time.Millisecond, tunedPoll)},
			),
		},
		{
			name: "backlog", title: "The first tasks of a backlog", tasks: n.drain, work: drain,
			contenders: []contender{
				{"Headrace", "1,000 wait behind them", newHeadrace(b, 1000)},
				{"Headrace", fmt.Sprintf("%d wait behind them", n.backlog), newHeadrace(b, n.backlog)},
			},
		},
	}
}

// riverIdleWorkers is enough for one task at a time; more do not make it quicker.
const riverIdleWorkers = 100
