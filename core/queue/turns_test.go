package queue

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/headrace/headrace/core/tasktype"
)

// TestTurnsOfPopsFollowEachOther: whatever the sizes of the pops, put behind each
// other they are the one round again and again, so that every fifteen turns hold
// each priority as often as its weight says.
func TestTurnsOfPopsFollowEachOther(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := &Queue{lanes: map[string]*lane{"t": {epoch: "e"}}}
		var served strings.Builder
		for range rapid.IntRange(1, 40).Draw(t, "pops") {
			n := rapid.IntRange(1, claimed).Draw(t, "size")
			_, turns := q.next("t", n, tasktype.Weighted)
			served.WriteString(strings.Repeat(turns, n/len(turns)+1)[:n])
		}
		all := served.String()
		for from := 0; from+len(weightedTurns) <= len(all); from++ {
			shares := [4]int{}
			for _, turn := range all[from : from+len(weightedTurns)] {
				if turn == guardTurn {
					turn = '3'
				}
				shares[turn-'0']++
			}
			if shares != weights {
				t.Fatalf("from turn %d on the shares are %v", from, shares)
			}
		}
	})
}

// claimed is a little more than what one pop asks for at most.
const claimed = 300

func TestGuardTakesAFifthOfTheTurnsFromCriticalOnly(t *testing.T) {
	t.Parallel()
	if n := strings.Count(weightedTurns, string(guardTurn)); n*5 != len(weightedTurns) {
		t.Errorf("the guard has %d of %d turns", n, len(weightedTurns))
	}
	plain := spread(weights)
	for i := range weightedTurns {
		if weightedTurns[i] != plain[i] && plain[i] != '3' {
			t.Errorf("turn %d is taken from priority %c", i, plain[i])
		}
	}
}
