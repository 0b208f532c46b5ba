package task

import (
	"fmt"
	"strconv"
	"strings"
)

// Priority orders the tasks that wait; a higher one goes first, and none
// starves.
type Priority int8

// The priorities. The numbers are a contract.
const (
	Low      Priority = 0
	Medium   Priority = 1
	High     Priority = 2
	Critical Priority = 3
)

// Priorities lists them, the most urgent first.
func Priorities() []Priority { return []Priority{Critical, High, Medium, Low} }

var priorityNames = [...]string{"LOW", "MEDIUM", "HIGH", "CRITICAL"}

// String returns the name in capitals.
func (p Priority) String() string {
	if p < Low || p > Critical {
		return fmt.Sprintf("priority(%d)", int8(p))
	}
	return priorityNames[p]
}

// ParsePriority reads the number or the name in any case.
func ParsePriority(text string) (Priority, error) {
	for i, name := range priorityNames {
		if strings.EqualFold(name, text) || strconv.Itoa(i) == text {
			return Priority(i), nil
		}
	}
	return 0, fmt.Errorf("unknown priority %q: use LOW, MEDIUM, HIGH, CRITICAL or 0 to 3", text)
}
