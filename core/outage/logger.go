package outage

import "github.com/hashicorp/go-hclog"

// Logger wraps a logger: a warning with an error that one of the parts is to blame
// for becomes a line at level debug. All else goes through as it is.
func Logger(log hclog.Logger, parts ...*Part) hclog.Logger {
	return &logger{Logger: log, parts: parts}
}

type logger struct {
	hclog.Logger
	parts []*Part
}

// Warn implements hclog.Logger.
func (l *logger) Warn(msg string, args ...any) {
	if l.excused(args) {
		l.Logger.Debug(msg, args...)
		return
	}
	l.Logger.Warn(msg, args...)
}

// excused tells whether one of the values is an error of a part that is away.
func (l *logger) excused(args []any) bool {
	for _, arg := range args {
		err, ok := arg.(error)
		if !ok {
			continue
		}
		for _, p := range l.parts {
			if p.caused(err) {
				return true
			}
		}
	}
	return false
}

// With implements hclog.Logger.
func (l *logger) With(args ...any) hclog.Logger { return l.wrap(l.Logger.With(args...)) }

// Named implements hclog.Logger.
func (l *logger) Named(name string) hclog.Logger { return l.wrap(l.Logger.Named(name)) }

// ResetNamed implements hclog.Logger.
func (l *logger) ResetNamed(name string) hclog.Logger { return l.wrap(l.Logger.ResetNamed(name)) }

func (l *logger) wrap(log hclog.Logger) hclog.Logger { return &logger{Logger: log, parts: l.parts} }
