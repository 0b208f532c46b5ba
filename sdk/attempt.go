package sdk

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"sync/atomic"

	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// AttemptInfo says which attempt at which task a handler works on.
type AttemptInfo struct {
	// TaskID is the same over all attempts: the key of an effect that must
	// happen once.
	TaskID string
	// Attempt rises with every attempt, over all nodes and processes, and is
	// never used twice: with TaskID it makes a fencing token. The first is 1.
	Attempt int
	// Type is the task type as the plugin declared it; PublicType is its name in
	// the engine's configuration.
	Type, PublicType string
	// Metadata is what the submitter attached: a JSON object, or empty.
	Metadata json.RawMessage
	// Traceparent is the W3C trace context of the submission; may be empty.
	Traceparent string
}

// attempt is one running task as its handler's context carries it.
type attempt struct {
	assignment *pb.Assignment
	// config is the plugin's configuration as it was when the attempt began.
	config any
	out    *outbox
	// lostLogs counts the log lines that found no room.
	lostLogs atomic.Int64
}

type attemptKey struct{}

// attemptIn finds the attempt of a handler's context; nil outside a task.
func attemptIn(ctx context.Context) *attempt {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return nil
	}
	return a
}

// Attempt returns the attempt that ctx belongs to; outside a task its zero value.
func Attempt(ctx context.Context) AttemptInfo {
	a := attemptIn(ctx)
	if a == nil {
		return AttemptInfo{}
	}
	return AttemptInfo{
		TaskID:      idText(a.assignment.GetId()),
		Attempt:     int(a.assignment.GetAttempt()),
		Type:        a.assignment.GetType(),
		PublicType:  a.assignment.GetPublicType(),
		Metadata:    a.assignment.GetMetadata(),
		Traceparent: a.assignment.GetTraceparent(),
	}
}

// Progress tells how much of the task is done: fraction runs from 0 to 1, note is
// for people. The engine writes it to its log, at the level debug. Only the newest
// counts, so it may be called often. Outside a task it does nothing.
func Progress(ctx context.Context, fraction float64, note string) {
	a := attemptIn(ctx)
	if a == nil {
		return
	}
	if math.IsNaN(fraction) {
		fraction = 0
	}
	a.out.addProgress(&pb.Progress{
		Seq:      a.assignment.GetSeq(),
		Fraction: min(max(fraction, 0), 1),
		Note:     cleanText(note, maxNote),
	})
}

// Logger returns a logger whose lines belong to the task: the engine writes them
// to its log, with the task's id. Lines below debug are dropped. Outside a task it is slog.Default.
func Logger(ctx context.Context) *slog.Logger {
	a := attemptIn(ctx)
	if a == nil {
		return slog.Default()
	}
	return slog.New(newLineHandler(a.log))
}

// log queues one line; a line too many is counted instead.
func (a *attempt) log(line *pb.LogLine) {
	line.Seq = a.assignment.GetSeq()
	if !a.out.addLog(line) {
		a.lostLogs.Add(1)
	}
}

// Config returns the plugin's configuration as it was when the attempt began. T
// is the type given to [ConfigOf]; another one is a mistake of the author and
// panics.
func Config[T any](ctx context.Context) T {
	var config any
	if a := attemptIn(ctx); a != nil {
		config = a.config
	}
	value, ok := config.(T)
	if !ok {
		panic(fmt.Sprintf("sdk.Config[%T]: the context has a %T", value, config))
	}
	return value
}

// idText writes the 16 bytes of an id as a UUID; other lengths, which no engine
// sends, as plain hex.
func idText(id []byte) string {
	if len(id) != 16 {
		return hex.EncodeToString(id)
	}
	text := make([]byte, 0, 36)
	for i, part := range [][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, part)
	}
	return string(text)
}
