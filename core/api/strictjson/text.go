package strictjson

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// plain marks the bytes that stand for themselves in a string: ASCII without
// control characters, quote and backslash. Read only.
var plain = func() (table [256]bool) {
	for b := ' '; b < utf8.RuneSelf; b++ {
		table[b] = b != '"' && b != '\\'
	}
	return table
}()

// text reads a string with its quotes.
func (c *checker) text() *SyntaxError {
	c.at++
	for {
		c.at = skipPlain(c.data, c.at)
		switch b := c.peek(); {
		case c.at >= len(c.data):
			return c.refuse("a string does not end")
		case b == '"':
			c.at++
			return nil
		case b == '\\':
			if err := c.escape(); err != nil {
				return err
			}
		case b < ' ':
			return c.refuse("a control character stands in a string")
		default:
			r, size := utf8.DecodeRune(c.data[c.at:])
			if r == utf8.RuneError && size == 1 {
				return c.refuse("a string is not UTF-8")
			}
			c.at += size
		}
	}
}

// skipPlain returns the next place of a byte that is not plain. It looks at
// eight bytes at a time while they are all plain.
func skipPlain(data []byte, at int) int {
	for at+8 <= len(data) && eightPlain(binary.LittleEndian.Uint64(data[at:])) {
		at += 8
	}
	for at < len(data) && plain[data[at]] {
		at++
	}
	return at
}

// eightPlain tells whether eight bytes are all plain. A byte below n makes the
// high bit of x-n appear where x itself has none; a byte equal to n is 0 after
// the exclusive or, and so below 1 (Mycroft 1987). A borrow can only accuse a
// plain byte falsely, and then the slow way decides.
func eightPlain(x uint64) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quotes, slashes := x^ones*'"', x^ones*'\\'
	below := (x - ones*' ') | (quotes - ones) | (slashes - ones)
	return (x|below)&highs == 0
}

// escape reads a backslash and what belongs to it.
func (c *checker) escape() *SyntaxError {
	if c.at+1 >= len(c.data) {
		return c.refuse("a string does not end")
	}
	switch c.data[c.at+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		c.at += 2
		return nil
	case 'u':
		return c.unicodeEscape()
	}
	return c.refuse("a string holds an unknown escape")
}

// unicodeEscape reads \uXXXX, or two of them that make one character.
func (c *checker) unicodeEscape() *SyntaxError {
	first, ok := unit(c.data[c.at:])
	switch {
	case !ok:
		return c.refuse("a \\u escape has not four hexadecimal digits")
	case first == 0:
		return c.refuse("a string holds the NUL character")
	case !utf16.IsSurrogate(first):
		c.at += unitLength
		return nil
	}
	second, ok := unit(c.data[c.at+unitLength:])
	if !ok || utf16.DecodeRune(first, second) == utf8.RuneError {
		return c.refuse("a surrogate stands alone")
	}
	c.at += 2 * unitLength
	return nil
}

// unitLength is the length of \uXXXX.
const unitLength = 6

// unit reads \uXXXX.
func unit(text []byte) (rune, bool) {
	if len(text) < unitLength || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, b := range text[2:unitLength] {
		digit, ok := hexDigit(b)
		if !ok {
			return 0, false
		}
		r = r<<4 | digit
	}
	return r, true
}

func hexDigit(b byte) (rune, bool) {
	switch {
	case isDigit(b):
		return rune(b - '0'), true
	case b >= 'a' && b <= 'f':
		return rune(b-'a') + 10, true
	case b >= 'A' && b <= 'F':
		return rune(b-'A') + 10, true
	}
	return 0, false
}

// shortEscapes are those of one letter; read only.
var shortEscapes = map[byte]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// appendText appends what the inside of a checked string means.
func appendText(out, inside []byte) []byte {
	for at := 0; at < len(inside); {
		if inside[at] != '\\' {
			out = append(out, inside[at])
			at++
			continue
		}
		if inside[at+1] != 'u' {
			out = append(out, shortEscapes[inside[at+1]])
			at += 2
			continue
		}
		r, _ := unit(inside[at:])
		at += unitLength
		if utf16.IsSurrogate(r) {
			low, _ := unit(inside[at:])
			r = utf16.DecodeRune(r, low)
			at += unitLength
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
