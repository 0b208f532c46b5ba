package process

import "bytes"

// maxLine is the most that is kept of one line, in bytes. A handshake with a
// certificate in it needs about 1 KB, a log line rarely more than that.
const maxLine = 16 << 10

// Lines cuts what is written to it into lines for emit. A line may be of any
// length, but only its first 16 KiB are kept; cut is the number of bytes that
// went. It is for one goroutine.
type Lines struct {
	emit func(line []byte, cut int)
	line []byte
	cut  int
	open bool
}

// NewLines makes a splitter. The line is only valid during emit.
func NewLines(emit func(line []byte, cut int)) *Lines { return &Lines{emit: emit} }

// Write takes the next part of the text; it never fails.
func (l *Lines) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			l.add(p)
			break
		}
		l.add(p[:i])
		l.end()
		p = p[i+1:]
	}
	return n, nil
}

// Flush emits a last line that lacks its end.
func (l *Lines) Flush() {
	if l.open {
		l.end()
	}
}

func (l *Lines) add(p []byte) {
	l.open = true
	keep := min(len(p), maxLine-len(l.line))
	l.line = append(l.line, p[:keep]...)
	l.cut += len(p) - keep
}

func (l *Lines) end() {
	l.emit(bytes.TrimSuffix(l.line, []byte{'\r'}), l.cut)
	l.line, l.cut, l.open = l.line[:0], 0, false
}
