package schedule

import (
	"fmt"
	"strings"
	"time"
)

// Cron is a parsed expression. The zero value is of no use; Parse makes one.
type Cron struct {
	second, minute, hour field
	day, month, weekday  field
}

// SyntaxError says what is wrong with a cron expression.
type SyntaxError struct {
	Expression string // as it was given
	Reason     string // plain words, fit for a user
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("cron expression %q: %s", e.Expression, e.Reason)
}

// maxExpression bounds the length of an expression, in bytes: every value of every field, listed, fits.
const maxExpression = 1024

// Parse reads an expression of five fields (minute, hour, day, month, weekday) or six, then with
// seconds in front, or one of @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly.
// A field takes *, ?, values, names (jan, mon), ranges, lists and steps; 7 is Sunday too. As in every
// cron, a day matches either field when both day and weekday are restricted. The error is a
// *SyntaxError, also for an expression that can never fire (30 February).
func Parse(expression string) (*Cron, error) {
	cron, err := parse(expression)
	if err != nil {
		return nil, &SyntaxError{Expression: shorten(expression), Reason: err.Error()}
	}
	return cron, nil
}

func shorten(expression string) string {
	if len(expression) <= maxExpression {
		return expression
	}
	return expression[:32] + "…"
}

func parse(expression string) (*Cron, error) {
	if len(expression) > maxExpression {
		return nil, fmt.Errorf("is longer than %d bytes", maxExpression)
	}
	parts, err := split(expression)
	if err != nil {
		return nil, err
	}
	cron := &Cron{}
	targets := []*field{&cron.second, &cron.minute, &cron.hour, &cron.day, &cron.month, &cron.weekday}
	for i, target := range targets {
		if *target, err = parseField(parts[i], kinds()[i]); err != nil {
			return nil, err
		}
	}
	if _, ok := cron.nextReading(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)); !ok {
		return nil, fmt.Errorf("no day of any year matches it")
	}
	return cron, nil
}

// split returns the six fields of an expression.
func split(expression string) ([]string, error) {
	text := strings.TrimSpace(expression)
	if strings.HasPrefix(text, "@") {
		var known bool
		if text, known = shorthand(strings.ToLower(text)); !known {
			return nil, fmt.Errorf("is none of @yearly, @monthly, @weekly, @daily, @hourly")
		}
	}
	parts := strings.Fields(text)
	switch len(parts) {
	case 5:
		return append([]string{"0"}, parts...), nil
	case 6:
		return parts, nil
	default:
		return nil, fmt.Errorf("has %d fields, must have 5, or 6 with seconds in front", len(parts))
	}
}

// shorthand returns what a name that begins with @ stands for.
func shorthand(name string) (string, bool) {
	switch name {
	case "@yearly", "@annually":
		return "0 0 1 1 *", true
	case "@monthly":
		return "0 0 1 * *", true
	case "@weekly":
		return "0 0 * * 0", true
	case "@daily", "@midnight":
		return "0 0 * * *", true
	case "@hourly":
		return "0 * * * *", true
	default:
		return "", false
	}
}
