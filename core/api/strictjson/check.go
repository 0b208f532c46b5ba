package strictjson

import (
	"fmt"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects may be nested: far more than people
// write, and little enough for every parser behind this one.
const MaxDepth = 64

// Check reads the document once and returns a *SyntaxError if it is to be
// refused.
func Check(document []byte) error {
	var spans [16]span // on the stack: few documents have more keys open
	c := checker{data: document, keys: keySet{spans: spans[:0]}}
	if err := c.document(); err != nil {
		return err
	}
	return nil
}

// checker is one pass over a document. Its methods stand at c.at and leave it
// behind what they have read.
type checker struct {
	data []byte
	at   int
	keys keySet
}

func (c *checker) document() *SyntaxError {
	c.space()
	if err := c.value(0); err != nil {
		return err
	}
	c.space()
	if c.at < len(c.data) {
		return c.refuse("something stands behind the document")
	}
	return nil
}

func (c *checker) refuse(reason string) *SyntaxError {
	return &SyntaxError{Offset: c.at, Reason: reason}
}

// unexpected names what stands where it must not.
func (c *checker) unexpected(wanted string) *SyntaxError {
	if c.at >= len(c.data) {
		return c.refuse("the document ends where " + wanted + " should be")
	}
	if b := c.data[c.at]; b > ' ' && b < utf8.RuneSelf {
		return c.refuse(fmt.Sprintf("%q stands where %s should be", b, wanted))
	}
	return c.refuse("there is no " + wanted)
}

func (c *checker) space() {
	for c.at < len(c.data) {
		switch c.data[c.at] {
		case ' ', '\n', '\t', '\r':
			c.at++
		default:
			return
		}
	}
}

// peek returns the next byte, 0 at the end: no value begins with it.
func (c *checker) peek() byte {
	if c.at < len(c.data) {
		return c.data[c.at]
	}
	return 0
}

func (c *checker) value(depth int) *SyntaxError {
	switch b := c.peek(); {
	case b == '"':
		return c.text()
	case b == '{':
		return c.object(depth + 1)
	case b == '[':
		return c.array(depth + 1)
	case b == '-' || isDigit(b):
		return c.number()
	case b == 't':
		return c.word("true")
	case b == 'f':
		return c.word("false")
	case b == 'n':
		return c.word("null")
	}
	return c.unexpected("a value")
}

func (c *checker) word(w string) *SyntaxError {
	if len(c.data)-c.at < len(w) || string(c.data[c.at:c.at+len(w)]) != w {
		return c.unexpected("a value")
	}
	c.at += len(w)
	return nil
}

// open enters an array or object.
func (c *checker) open(depth int) *SyntaxError {
	if depth > MaxDepth {
		return c.refuse(fmt.Sprintf("more than %d levels", MaxDepth))
	}
	c.at++
	c.space()
	return nil
}

func (c *checker) array(depth int) *SyntaxError {
	if err := c.open(depth); err != nil {
		return err
	}
	if c.peek() == ']' {
		c.at++
		return nil
	}
	for {
		if err := c.value(depth); err != nil {
			return err
		}
		if done, err := c.next(']'); done || err != nil {
			return err
		}
	}
}

func (c *checker) object(depth int) *SyntaxError {
	if err := c.open(depth); err != nil {
		return err
	}
	if c.peek() == '}' {
		c.at++
		return nil
	}
	first := c.keys.begin()
	for {
		if err := c.member(depth); err != nil {
			return err
		}
		done, err := c.next('}')
		if err != nil {
			return err
		}
		if done {
			return c.keys.end(c.data, first)
		}
	}
}

// member reads a key and its value.
func (c *checker) member(depth int) *SyntaxError {
	if c.peek() != '"' {
		return c.unexpected("a key in double quotes")
	}
	start := c.at + 1
	if err := c.text(); err != nil {
		return err
	}
	c.keys.add(c.data, start, c.at-1)
	c.space()
	if c.peek() != ':' {
		return c.unexpected("a colon")
	}
	c.at++
	c.space()
	return c.value(depth)
}

// next reads the comma before another entry, or the end of the list of them.
func (c *checker) next(end byte) (done bool, err *SyntaxError) {
	c.space()
	switch c.peek() {
	case ',':
		c.at++
		c.space()
		return false, nil
	case end:
		c.at++
		return true, nil
	}
	return false, c.unexpected(fmt.Sprintf("a comma or %q", end))
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// digits reads at least one.
func (c *checker) digits() *SyntaxError {
	start := c.at
	for c.at < len(c.data) && isDigit(c.data[c.at]) {
		c.at++
	}
	if c.at == start {
		return c.unexpected("a digit")
	}
	return nil
}

func (c *checker) number() *SyntaxError {
	if c.peek() == '-' {
		c.at++
	}
	if c.peek() == '0' {
		c.at++ // no digit may follow; if one does, it stands behind the value
	} else if err := c.digits(); err != nil {
		return err
	}
	if c.peek() == '.' {
		c.at++
		if err := c.digits(); err != nil {
			return err
		}
	}
	if b := c.peek(); b == 'e' || b == 'E' {
		c.at++
		if b := c.peek(); b == '+' || b == '-' {
			c.at++
		}
		return c.digits()
	}
	return nil
}
