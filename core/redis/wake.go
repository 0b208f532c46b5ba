package redis

import (
	"context"
	"strings"
	"time"
)

// Signal is one message on the wake channel. It is a hint: whoever misses it
// finds the same out by a slow poll.
type Signal struct {
	Kind SignalKind
	// Subject is a task type, for Cancel a task id.
	Subject string
}

// SignalKind says what a signal is about.
type SignalKind string

const (
	// Work: tasks of a type have become ready.
	Work SignalKind = "work"
	// Cancel: the end of a running task was asked for.
	Cancel SignalKind = "cancel"
	// Place: an attempt of a type that is limited over all nodes has ended.
	Place SignalKind = "place"
	// Pause: a task type was paused or resumed.
	Pause SignalKind = "pause"
)

// Tell publishes a signal to the other nodes.
func (c *Client) Tell(ctx context.Context, s Signal) error {
	return c.Publish(ctx, c.Keys.Wake(), c.name+" "+string(s.Kind)+" "+s.Subject).Err()
}

// Listen calls heard for every signal of another client until ctx ends, then
// returns nil. It
// subscribes again after a loss of the connection; what was said meanwhile is
// lost.
func (c *Client) Listen(ctx context.Context, heard func(Signal)) error {
	for ctx.Err() == nil {
		c.listenOnce(ctx, heard)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return nil
}

// listenOnce holds one subscription until it breaks.
func (c *Client) listenOnce(ctx context.Context, heard func(Signal)) {
	sub := c.Subscribe(ctx, c.Keys.Wake())
	// A read that waits for a message does not look at ctx: the end of the
	// connection ends it.
	hangUp := context.AfterFunc(ctx, func() { _ = sub.Close() })
	defer func() {
		if hangUp() {
			_ = sub.Close() // a broken connection has nothing to say at its end
		}
	}()
	for {
		message, err := sub.ReceiveMessage(ctx)
		if err != nil {
			return
		}
		from, rest, _ := strings.Cut(message.Payload, " ")
		kind, subject, _ := strings.Cut(rest, " ")
		if from != c.name {
			heard(Signal{Kind: SignalKind(kind), Subject: subject})
		}
	}
}
