package process

import (
	"strings"
	"sync"
)

// tailSize is how much of a plugin's last words is kept for the report of its
// end, in bytes: a Go stack trace of several dozen goroutines.
const tailSize = 64 << 10

// tail keeps the end of a text.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

// line adds one line.
func (t *tail) line(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(append(t.buf, text...), '\n')
	// Moving the bytes only when twice the size is reached makes it cheap.
	if len(t.buf) > 2*tailSize {
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-tailSize:]...)
	}
}

// String returns at most the last 64 KiB, from the start of a line.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := string(t.buf)
	if len(text) > tailSize {
		text = text[len(text)-tailSize:]
		if _, rest, ok := strings.Cut(text, "\n"); ok {
			text = rest
		}
	}
	return strings.TrimSuffix(text, "\n")
}
