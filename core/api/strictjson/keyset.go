package strictjson

import (
	"bytes"
	"slices"
)

// span is where the text of a key stands: in the document, or behind its end
// when it stands in the set's own memory.
type span struct{ from, to int }

// keySet holds the keys of the objects that are open, the innermost last, and
// finds the ones that stand twice in one object. An object's keys are compared
// once, when it ends: pair by pair while they are few, else sorted, so that a
// hostile object costs n log n and no memory per key but a span.
type keySet struct {
	spans []span
	// decoded holds the keys that were written with escapes.
	decoded []byte
}

// few keys are compared pair by pair.
const few = 8

// begin opens an object; end wants what it returns.
func (s *keySet) begin() int { return len(s.spans) }

// add takes the key whose inside is data[from:to].
func (s *keySet) add(data []byte, from, to int) {
	if bytes.IndexByte(data[from:to], '\\') < 0 {
		s.spans = append(s.spans, span{from, to})
		return
	}
	start := len(s.decoded)
	s.decoded = appendText(s.decoded, data[from:to])
	s.spans = append(s.spans, span{len(data) + start, len(data) + len(s.decoded)})
}

func (s *keySet) text(data []byte, k span) []byte {
	if k.from >= len(data) {
		return s.decoded[k.from-len(data) : k.to-len(data)]
	}
	return data[k.from:k.to]
}

// end closes an object and says whether a key stands in it twice.
func (s *keySet) end(data []byte, first int) *SyntaxError {
	keys := s.spans[first:]
	s.spans = s.spans[:first]
	if len(keys) <= few {
		return s.pairs(data, keys)
	}
	slices.SortFunc(keys, func(a, b span) int { return bytes.Compare(s.text(data, a), s.text(data, b)) })
	for i := 1; i < len(keys); i++ {
		if bytes.Equal(s.text(data, keys[i-1]), s.text(data, keys[i])) {
			return twice(keys[i-1], keys[i])
		}
	}
	return nil
}

func (s *keySet) pairs(data []byte, keys []span) *SyntaxError {
	for i := 1; i < len(keys); i++ {
		for j := range i {
			if bytes.Equal(s.text(data, keys[i]), s.text(data, keys[j])) {
				return twice(keys[j], keys[i])
			}
		}
	}
	return nil
}

func twice(a, b span) *SyntaxError {
	return &SyntaxError{Offset: max(a.from, b.from), Reason: "a key stands twice in one object"}
}
