package main

import (
	"fmt"
	"math"
	"slices"
)

// levelBelow is the ratio under which two systems are called level: repeated runs of the same
// system differ by as much.
const levelBelow = 1.3

// spread is the median of some runs with the smallest and the largest.
type spread struct {
	median, least, most float64
}

// spreadOf needs at least one value.
func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	return spread{quantile(sorted, 0.5), sorted[0], sorted[len(sorted)-1]}
}

// quantile of sorted values, by linear interpolation.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(math.Floor(at))
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// advantage says how much better a is than b, in words: "2.4 × better", "level", "1.9 × worse".
// ratio is above 1 when a is better.
func advantage(ratio float64) string {
	switch {
	case ratio >= levelBelow:
		return fmt.Sprintf("%.1f × better", ratio)
	case ratio <= 1/levelBelow:
		return fmt.Sprintf("%.1f × worse", 1/ratio)
	}
	return "level"
}
