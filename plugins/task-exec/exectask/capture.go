package exectask

import "strings"

// capture keeps the first part of what is written, and the end for failures; it
// takes everything, so that a program never blocks on a full pipe.
type capture struct {
	head []byte
	// limit is the size of head; what follows it goes to rest.
	limit int
	// rest is the end of what head had no room for, up to maxTail.
	rest    []byte
	dropped int64
}

func newCapture(limit int) *capture { return &capture{limit: limit} }

// Write implements io.Writer; it never fails.
func (c *capture) Write(p []byte) (int, error) {
	fits := min(len(p), c.limit-len(c.head))
	c.head = append(c.head, p[:fits]...)
	over := p[fits:]
	c.dropped += int64(len(over))
	c.rest = append(c.rest, over[max(0, len(over)-maxTail):]...)
	if extra := len(c.rest) - maxTail; extra > 0 {
		c.rest = append(c.rest[:0], c.rest[extra:]...)
	}
	return len(p), nil
}

// truncated tells whether something had no room.
func (c *capture) truncated() bool { return c.dropped > 0 }

// text is what was kept.
func (c *capture) text() string { return safe(c.head) }

// tail is the end of everything written, at most n bytes; n is at most maxTail.
func (c *capture) tail(n int) string {
	end := c.rest
	if missing := n - len(end); missing > 0 && int64(len(c.rest)) == c.dropped {
		end = append(append([]byte{}, c.head[max(0, len(c.head)-missing):]...), c.rest...)
	}
	return safe(end[max(0, len(end)-n):])
}

// safe replaces what JSON or a database refuses: bytes that are no UTF-8, and NUL.
func safe(text []byte) string {
	return strings.ReplaceAll(strings.ToValidUTF8(string(text), "\uFFFD"), "\x00", "\uFFFD")
}
