package process

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text of a plugin fit for the engine's log and its answers: control
// characters and characters that turn the direction of writing are written as
// escapes, what is no UTF-8 is replaced, and at most limit bytes are kept, with a
// note of how many went.
func Clean(text string, limit int) string {
	cut := 0
	if len(text) > limit {
		kept := truncate(text, limit)
		cut = len(text) - len(kept)
		text = kept
	}
	if strings.ContainsFunc(text, unsafeRune) || !utf8.ValidString(text) {
		text = escape(text)
	}
	if cut > 0 {
		text += fmt.Sprintf(" [%d bytes cut]", cut)
	}
	return text
}

// truncate cuts at a rune's border.
func truncate(text string, limit int) string {
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

func escape(text string) string {
	var b strings.Builder
	b.Grow(len(text) + 16)
	for _, r := range text {
		switch {
		case !unsafeRune(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// unsafeRune tells what could move a terminal's cursor, forge a line, or show
// text in another order than it has.
func unsafeRune(r rune) bool {
	return unicode.IsControl(r) && r != '\t' ||
		r >= '\u2028' && r <= '\u202e' || // line and paragraph separators, embeddings, overrides
		r >= '\u2066' && r <= '\u2069' // isolates
}
