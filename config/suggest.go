package config

import (
	"fmt"
	"slices"
	"strings"
)

// suggest completes a message about an unknown name: the known one that was
// probably meant, else the few that there are.
func suggest(given string, known []string) string {
	known = slices.Compact(slices.Sorted(slices.Values(known)))
	best, distance := "", max(1, min(3, len(given)/3))+1
	for _, name := range known {
		if d := editDistance(strings.ToLower(given), name); d < distance {
			best, distance = name, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %q?", best)
	case len(known) == 0:
		return "none is defined"
	case len(known) <= 16:
		return "known: " + strings.Join(known, ", ")
	}
	return fmt.Sprintf("none of the %d known names is like it", len(known))
}

// editDistance counts the insertions, removals, changes and swaps of
// neighbours that turn a into b (optimal string alignment).
func editDistance(a, b string) int {
	s, t := []rune(a), []rune(b)
	before, last := make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := range s {
		row := make([]int, len(t)+1)
		row[0] = i + 1
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(t)]
}
