package sdk

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"time"

	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// lineHandler is a slog.Handler whose lines travel to the engine. It lets
// slog's own JSON handler write the attributes, inside a group, and cuts the
// group out of the text.
type lineHandler struct {
	inner slog.Handler
	sink  *lineSink
}

// lineSink is shared by all handlers derived from one logger.
type lineSink struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	emit func(*pb.LogLine)
}

// attrGroup and the texts around it are what slog writes for a record without
// time and message.
const (
	attrGroup  = "f"
	attrPrefix = `{"level":"INFO","msg":"","` + attrGroup + `":`
	attrSuffix = "}\n"
)

func newLineHandler(emit func(*pb.LogLine)) *lineHandler {
	sink := &lineSink{emit: emit}
	inner := slog.NewJSONHandler(&sink.buf, &slog.HandlerOptions{Level: slog.LevelDebug})
	return &lineHandler{inner: inner.WithGroup(attrGroup), sink: sink}
}

// Enabled takes everything from debug on: the engine decides what it keeps.
func (h *lineHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelDebug
}

// WithAttrs implements slog.Handler.
func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &lineHandler{inner: h.inner.WithAttrs(attrs), sink: h.sink}
}

// WithGroup implements slog.Handler.
func (h *lineHandler) WithGroup(name string) slog.Handler {
	return &lineHandler{inner: h.inner.WithGroup(name), sink: h.sink}
}

// Handle sends one line on its way.
func (h *lineHandler) Handle(ctx context.Context, r slog.Record) error {
	fields, err := h.fields(ctx, r)
	if err != nil {
		return err
	}
	at := r.Time
	if at.IsZero() {
		at = time.Now()
	}
	h.sink.emit(&pb.LogLine{
		Level:   levelOf(r.Level),
		Message: cleanText(r.Message, maxLogMessage),
		Fields:  fields,
		TimeMs:  at.UnixMilli(),
	})
	return nil
}

// fields writes the attributes as one JSON object, empty without any.
func (h *lineHandler) fields(ctx context.Context, r slog.Record) ([]byte, error) {
	bare := slog.NewRecord(time.Time{}, slog.LevelInfo, "", 0)
	r.Attrs(func(a slog.Attr) bool {
		bare.AddAttrs(a)
		return true
	})
	h.sink.mu.Lock()
	defer h.sink.mu.Unlock()
	h.sink.buf.Reset()
	if err := h.inner.Handle(ctx, bare); err != nil {
		return nil, err
	}
	text, found := bytes.CutPrefix(h.sink.buf.Bytes(), []byte(attrPrefix))
	if !found {
		return nil, nil
	}
	text = bytes.TrimSuffix(text, []byte(attrSuffix))
	if len(text) > maxLogFields {
		return []byte(`{"truncated":true}`), nil
	}
	return bytes.Clone(text), nil
}

// levelOf rounds a level down to one that the wire knows.
func levelOf(level slog.Level) pb.Level {
	switch {
	case level >= slog.LevelError:
		return pb.Level_LEVEL_ERROR
	case level >= slog.LevelWarn:
		return pb.Level_LEVEL_WARN
	case level >= slog.LevelInfo:
		return pb.Level_LEVEL_INFO
	}
	return pb.Level_LEVEL_DEBUG
}
