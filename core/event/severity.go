package event

import "fmt"

// Severity says how much an event matters; a higher value matters more.
type Severity int8

// The severities, least first.
const (
	Debug Severity = iota
	Info
	Warning
	Error
	Critical
)

var severityNames = [...]string{"debug", "info", "warning", "error", "critical"}

// String returns the name that the API and the table use.
func (s Severity) String() string {
	if s < Debug || s > Critical {
		return fmt.Sprintf("severity(%d)", int8(s))
	}
	return severityNames[s]
}

// ParseSeverity reads a name that String wrote.
func ParseSeverity(name string) (Severity, error) {
	for i, n := range severityNames {
		if n == name {
			return Severity(i), nil
		}
	}
	return 0, fmt.Errorf("unknown severity %q", name)
}
