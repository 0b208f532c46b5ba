package api

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// jsonWriter appends one JSON object after another to a buffer. The answers of
// the hot routes are written by it, since encoding/json costs more than all the
// rest of a submission; the tests hold what it writes against the document.
type jsonWriter struct {
	buf []byte
}

// key begins a member; the names are the program's own and need no escaping.
func (j *jsonWriter) key(name string) {
	if last := j.buf[len(j.buf)-1]; last != '{' {
		j.buf = append(j.buf, ',')
	}
	j.buf = append(j.buf, '"')
	j.buf = append(j.buf, name...)
	j.buf = append(j.buf, '"', ':')
}

func (j *jsonWriter) open()  { j.buf = append(j.buf, '{') }
func (j *jsonWriter) close() { j.buf = append(j.buf, '}') }

func (j *jsonWriter) text(name, value string) {
	j.key(name)
	j.buf = appendQuoted(j.buf, value)
}

// optionalText leaves out an empty text.
func (j *jsonWriter) optionalText(name, value string) {
	if value != "" {
		j.text(name, value)
	}
}

func (j *jsonWriter) number(name string, value int) {
	j.key(name)
	j.buf = strconv.AppendInt(j.buf, int64(value), 10)
}

// optionalNumber leaves out 0.
func (j *jsonWriter) optionalNumber(name string, value int) {
	if value != 0 {
		j.number(name, value)
	}
}

// raw copies a JSON document to the letter; an empty one becomes otherwise.
func (j *jsonWriter) raw(name string, document json.RawMessage, otherwise string) {
	j.key(name)
	if len(document) == 0 {
		j.buf = append(j.buf, otherwise...)
		return
	}
	j.buf = append(j.buf, document...)
}

// optionalRaw leaves out an empty document.
func (j *jsonWriter) optionalRaw(name string, document json.RawMessage) {
	if len(document) > 0 {
		j.raw(name, document, "")
	}
}

func (j *jsonWriter) id(name string, id uuid.UUID) {
	var text [36]byte
	hexID(&text, id)
	j.key(name)
	j.buf = append(j.buf, '"')
	j.buf = append(j.buf, text[:]...)
	j.buf = append(j.buf, '"')
}

// optionalID leaves out uuid.Nil.
func (j *jsonWriter) optionalID(name string, id uuid.UUID) {
	if id != uuid.Nil {
		j.id(name, id)
	}
}

// timeLayout is RFC 3339 in milliseconds, which is what ids hold.
const timeLayout = "2006-01-02T15:04:05.000Z"

func (j *jsonWriter) time(name string, at time.Time) {
	j.key(name)
	j.instant(at)
}

// instant writes a time that is an entry of a list, or the value of a member.
func (j *jsonWriter) instant(at time.Time) {
	j.buf = append(j.buf, '"')
	j.buf = at.UTC().AppendFormat(j.buf, timeLayout)
	j.buf = append(j.buf, '"')
}

// optionalTime leaves out the zero time.
func (j *jsonWriter) optionalTime(name string, at time.Time) {
	if !at.IsZero() {
		j.time(name, at)
	}
}

const hexDigits = "0123456789abcdef"

func hexID(text *[36]byte, id uuid.UUID) {
	at := 0
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text[at] = '-'
			at++
		}
		text[at], text[at+1] = hexDigits[b>>4], hexDigits[b&15]
		at += 2
	}
}

// appendQuoted appends a JSON string. What is not UTF-8 becomes U+FFFD: texts of
// plugins come here too.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if c < utf8.RuneSelf || r == utf8.RuneError && size == 1 {
			b = append(b, s[start:i]...)
			b = appendEscaped(b, r)
			start = i + size
		}
		i += size
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

func appendEscaped(b []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(b, '\\', byte(r))
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

func (j *jsonWriter) truth(name string, value bool) {
	j.key(name)
	j.buf = strconv.AppendBool(j.buf, value)
}
