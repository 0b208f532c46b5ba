package queue

import (
	"strings"
	"time"

	"github.com/headrace/headrace/core/task"
)

// weights of the priorities LOW to CRITICAL: with all lanes full LOW gets one
// turn in fifteen.
var weights = [4]int{1, 2, 4, 8}

// weightedTurns is one round of smooth weighted round robin (the algorithm of
// nginx' upstream module): each priority's turns are spread over the round
// instead of following each other.
var weightedTurns = guard(spread(weights))

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

// guardTurn stands for a turn of CRITICAL that the age guard may take.
const guardTurn = 'g'

// guard gives every third turn of CRITICAL to the age guard when it has something
// to do: three turns in fifteen. So an old backlog of a lower priority moves, and
// cannot turn the priorities around; HIGH, MEDIUM and LOW never lose a turn by it.
func guard(round string) string {
	turns, critical := []byte(round), 0
	for i, turn := range turns {
		if turn != '0'+byte(task.Critical) {
			continue
		}
		if critical++; critical%3 == 2 {
			turns[i] = guardTurn
		}
	}
	return string(turns)
}

// maxWaits are how long the head of a lane LOW to HIGH may wait before the age
// guard serves it although higher lanes are full.
var maxWaits = [3]time.Duration{10 * time.Minute, 5 * time.Minute, time.Minute}

// turnsFrom returns a round that starts at the given turn, so that the next pop
// goes on where the last one stopped. Every priority's turn begins a pop once
// in a round, whatever the pops' sizes are: that bounds how long LOW waits.
func turnsFrom(turn int) string {
	turn %= len(weightedTurns)
	return weightedTurns[turn:] + weightedTurns[:turn]
}
