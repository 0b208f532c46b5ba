package queue

import (
	"strings"

	"github.com/headrace/headrace/core/task"
)

// weights of the priorities LOW to CRITICAL: with all lanes full LOW gets one
// turn in fifteen.
var weights = [4]int{1, 2, 4, 8}

// weightedTurns is one round of smooth weighted round robin (the algorithm of
// nginx' upstream module): each priority's turns are spread over the round
// instead of following each other.
var weightedTurns = spread(weights)

func spread(weights [4]int) string {
	var current [4]int
	total := 0
	for _, w := range weights {
		total += w
	}
	var round strings.Builder
	for range total {
		best := task.Critical
		for _, p := range task.Priorities() {
			current[p] += weights[p]
			if current[p] > current[best] {
				best = p
			}
		}
		current[best] -= total
		round.WriteByte('0' + byte(best))
	}
	return round.String()
}

// turnsFrom returns a round that starts at the given turn, so that the next pop
// goes on where the last one stopped. Every priority's turn begins a pop once
// in a round, whatever the pops' sizes are: that bounds how long LOW waits.
func turnsFrom(turn int) string {
	turn %= len(weightedTurns)
	return weightedTurns[turn:] + weightedTurns[:turn]
}
