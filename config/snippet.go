package config

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// maxSnippet is the longest source line, in bytes, that is shown.
const maxSnippet = 400

// snippet shows the line of a range and underlines the range:
//
//	4 |   operator = "gtr"
//	  |              ^^^^^
func (o *origin) snippet(at hcl.Range) string {
	source, ok := o.sources[at.Filename]
	if !ok || at.Start.Line == 0 || at.Start.Byte > len(source) {
		return ""
	}
	start, end := lineAround(source, at.Start.Byte)
	if end-start > maxSnippet {
		return ""
	}
	line := o.maskLine(at.Filename, start, end)
	from, to := line.shown(at.Start.Byte), line.shown(at.End.Byte)
	text := line.text.String()
	return fmt.Sprintf("%6d | %s\n       | %s", at.Start.Line, text, underline(text, from, to))
}

// lineAround finds the line that holds offset, without its end.
func lineAround(source []byte, offset int) (start, end int) {
	start = bytes.LastIndexByte(source[:offset], '\n') + 1
	end = len(source)
	if n := bytes.IndexByte(source[offset:], '\n'); n >= 0 {
		end = offset + n
	}
	for end > start && source[end-1] == '\r' {
		end--
	}
	return start, end
}

// maskedLine is a source line with its hidden parts replaced. Offsets of the
// source are turned into offsets of the text by shown.
type maskedLine struct {
	text strings.Builder
	// steps map the start of each piece of the source to its text.
	steps []step
}

type step struct {
	source, text int
	masked       bool
}

func (l *maskedLine) add(offset int, text string, masked bool) {
	l.steps = append(l.steps, step{source: offset, text: l.text.Len(), masked: masked})
	l.text.WriteString(text)
}

// shown finds the offset in the text; inside a masked piece it is its start.
func (l *maskedLine) shown(offset int) int {
	at := 0
	for _, s := range l.steps {
		if s.source > offset {
			break
		}
		at = s.text
		if !s.masked {
			at += offset - s.source
		}
	}
	return min(at, l.text.Len())
}

func (o *origin) maskLine(file string, start, end int) *maskedLine {
	source, line, at := o.sources[file], &maskedLine{}, start
	for _, h := range o.hiddenSpans(file, start, end) {
		from, to := max(h.from, at), min(h.to, end)
		if from >= to {
			continue
		}
		line.add(at, printableText(source[at:from]), false)
		line.add(from, hiddenText, true)
		at = to
	}
	line.add(at, printableText(source[at:end]), false)
	return line
}

// span is a part of a source, in bytes.
type span struct{ from, to int }

// hiddenSpans are the parts of a line to mask: those that were hidden by place,
// and wherever the value of a secret stands.
func (o *origin) hiddenSpans(file string, start, end int) []span {
	var spans []span
	for _, r := range o.hidden[file] {
		spans = append(spans, span{r.Start.Byte, r.End.Byte})
	}
	line := string(o.sources[file][start:end])
	for _, found := range o.secrets.find(line) {
		spans = append(spans, span{start + found.from, start + found.to})
	}
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to))
	})
	return spans
}

// printableText replaces what could steer a terminal, byte for byte so that
// offsets stay true.
func printableText(source []byte) string {
	out := slices.Clone(source)
	for i, c := range out {
		if (c < ' ' && c != '\t') || c == 0x7f {
			out[i] = '?'
		}
	}
	return strings.ToValidUTF8(string(out), "?")
}

// underline marks text[from:to], at least one place, keeping tabs so that it
// stands right below.
func underline(text string, from, to int) string {
	from = min(from, len(text))
	to = min(max(to, from), len(text))
	pad := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, text[:from])
	return pad + strings.Repeat("^", max(1, utf8.RuneCountInString(text[from:to])))
}
