package process

import (
	"bytes"
	"sync"
)

// firstLine hands one line from the reader of standard output to go-plugin,
// followed by the end of the file: go-plugin's own reader of further lines gives
// up on a long one, after which a plugin that prints would hang.
type firstLine struct {
	ready chan struct{}

	mu    sync.Mutex
	isSet bool
	line  string
	rest  *bytes.Reader
}

func newFirstLine() *firstLine { return &firstLine{ready: make(chan struct{})} }

// set gives the line; false when there is one already. A nil line means that
// there will be none.
func (f *firstLine) set(line []byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.isSet {
		return false
	}
	f.isSet, f.line = true, string(line)
	text := bytes.Clone(line)
	if line != nil {
		text = append(text, '\n')
	}
	f.rest = bytes.NewReader(text)
	close(f.ready)
	return true
}

// text returns the line; false while there is none.
func (f *firstLine) text() (string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.line, f.line != ""
}

// Read blocks until the line is there or it is certain that none comes.
func (f *firstLine) Read(p []byte) (int, error) {
	<-f.ready
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rest.Read(p)
}

// Close does nothing: the pipe belongs to the process.
func (f *firstLine) Close() error { return nil }
