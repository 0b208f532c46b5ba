package sdk

import (
	"io"
	"log/slog"
	"strings"
)

// processLog writes lines to w as go-plugin's client reads them: JSON with
// hclog's names.
func processLog(w io.Writer, plugin string) *slog.Logger {
	handler := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: hclogNames})
	return slog.New(handler).With("@module", plugin)
}

// hclogNames renames slog's own three attributes.
func hclogNames(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.TimeKey:
		if a.Value.Kind() == slog.KindTime {
			return slog.String("@timestamp", a.Value.Time().Format("2006-01-02T15:04:05.000000Z07:00"))
		}
	case slog.LevelKey:
		return slog.String("@level", strings.ToLower(a.Value.String()))
	case slog.MessageKey:
		return slog.String("@message", a.Value.String())
	}
	return a
}
