package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// field is the set of values that one field admits.
type field struct {
	bits uint64 // bit n: the value n matches
	any  bool   // written as * or ?, with or without a step: does not restrict the day
}

func (f field) has(value int) bool { return f.bits&(1<<value) != 0 }

// kind is what may stand in a field.
type kind struct {
	name     string
	min, max int
	names    []string // the first stands for min
}

// kinds are the six fields in their order.
func kinds() [6]kind {
	return [6]kind{
		{name: "second", max: 59},
		{name: "minute", max: 59},
		{name: "hour", max: 23},
		{name: "day", min: 1, max: 31},
		{name: "month", min: 1, max: 12, names: []string{
			"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
		}},
		{name: "weekday", max: 7, names: []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
	}
}

// parseField reads a list of terms.
func parseField(text string, k kind) (field, error) {
	var f field
	for term := range strings.SplitSeq(text, ",") {
		bits, star, err := parseTerm(term, k)
		if err != nil {
			return field{}, err
		}
		f.bits |= bits
		f.any = f.any || star
	}
	if k.name == "weekday" && f.has(7) {
		f.bits = f.bits&^(1<<7) | 1
	}
	return f, nil
}

// parseTerm reads one of *, a, a-b, and each of them with a step; a/n means from a to the end.
func parseTerm(term string, k kind) (bits uint64, star bool, err error) {
	span, stepText, stepped := strings.Cut(term, "/")
	step := 1
	if stepped {
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > k.max {
			return 0, false, fmt.Errorf("%s: the step %q is no number from 1 to %d", k.name, stepText, k.max)
		}
	}
	low, high, star, err := parseSpan(span, stepped, k)
	if err != nil {
		return 0, false, err
	}
	for value := low; value <= high; value += step {
		bits |= 1 << value
	}
	return bits, star, nil
}

func parseSpan(span string, open bool, k kind) (low, high int, star bool, err error) {
	if span == "*" || span == "?" {
		return k.min, k.last(), true, nil
	}
	from, to, ranged := strings.Cut(span, "-")
	if low, err = k.value(from); err != nil {
		return 0, 0, false, err
	}
	switch {
	case ranged:
		high, err = k.value(to)
	case open:
		high = k.last()
	default:
		high = low
	}
	if err == nil && high < low {
		err = fmt.Errorf("%s: the range %q ends before it begins", k.name, span)
	}
	return low, high, false, err
}

// last is the last value of *: Sunday must not count twice in a step.
func (k kind) last() int {
	if k.name == "weekday" {
		return 6
	}
	return k.max
}

func (k kind) value(text string) (int, error) {
	if i := slices.Index(k.names, strings.ToLower(text)); i >= 0 {
		return k.min + i, nil
	}
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil || int(n) < k.min || int(n) > k.max {
		return 0, fmt.Errorf("%s: %q is not from %d to %d", k.name, text, k.min, k.max)
	}
	return int(n), nil
}
