package process

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"
)

// What is kept of one field of a log line, and how many fields.
const (
	maxFields = 32
	maxField  = 4 << 10
)

// logger writes what a plugin prints to the engine's log.
type logger struct {
	log hclog.Logger
	// panicking: a crash report has begun, all that follows belongs to it.
	panicking bool
}

// stderr writes one line of standard error: JSON of hclog with its own level,
// anything else as information, and a crash report as errors. It returns the
// line as people read it.
func (l *logger) stderr(line []byte, cut int) string {
	if cut == 0 && len(line) > 0 && line[0] == '{' {
		if level, message, fields, ok := decode(line); ok {
			l.log.Log(level, message, fields...)
			return fmt.Sprintf("[%s] %s", level, message)
		}
	}
	text := withCut(line, cut)
	if strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ") {
		l.panicking = true
	}
	if l.panicking {
		l.log.Error("plugin crash report", "line", text)
	} else {
		l.log.Info("plugin wrote to standard error", "line", text)
	}
	return text
}

// stdout writes one line of standard output, where nothing but the handshake
// belongs.
func (l *logger) stdout(line []byte, cut int) {
	l.log.Warn("plugin printed to standard output", "line", withCut(line, cut))
}

func withCut(line []byte, cut int) string {
	text := Clean(string(line), maxLine)
	if cut > 0 {
		text += fmt.Sprintf(" [%d bytes cut]", cut)
	}
	return text
}

// decode reads a line of hclog's JSON format.
func decode(line []byte) (level hclog.Level, message string, fields []any, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	var raw map[string]any
	if err := decoder.Decode(&raw); err != nil {
		return hclog.NoLevel, "", nil, false
	}
	message, ok = raw["@message"].(string)
	if !ok {
		return hclog.NoLevel, "", nil, false
	}
	name, _ := raw["@level"].(string) // absent: no level, treated below
	if level = hclog.LevelFromString(name); level == hclog.NoLevel || level == hclog.Off {
		level = hclog.Info
	}
	for _, key := range []string{"@message", "@level", "@timestamp"} {
		delete(raw, key)
	}
	return level, Clean(message, maxLine), logFields(raw), true
}

// logFields orders the fields by name, so that equal lines look equal.
func logFields(raw map[string]any) []any {
	keys := slices.Sorted(maps.Keys(raw))
	dropped := max(len(keys)-maxFields, 0)
	fields := make([]any, 0, 2*len(keys)+2)
	for _, key := range keys[:len(keys)-dropped] {
		fields = append(fields, Clean(strings.TrimPrefix(key, "@"), 64), fieldText(raw[key]))
	}
	if dropped > 0 {
		fields = append(fields, "fields_dropped", dropped)
	}
	return fields
}

func fieldText(value any) any {
	switch v := value.(type) {
	case string:
		return Clean(v, maxField)
	case bool, nil:
		return v
	case json.Number:
		return Clean(v.String(), maxField)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "unreadable"
	}
	return Clean(string(text), maxField)
}
