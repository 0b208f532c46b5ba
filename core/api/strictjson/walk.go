package strictjson

import (
	"encoding/json"
	"iter"
)

// Kind is what a document is.
type Kind byte

// The kinds.
const (
	Object Kind = '{'
	Array  Kind = '['
	String Kind = '"'
	Number Kind = '0'
	Bool   Kind = 't'
	Null   Kind = 'n'
)

// KindOf returns the kind of a checked document.
func KindOf(document []byte) Kind {
	switch b := document[skipSpace(document, 0)]; b {
	case '{', '[', '"', 't', 'n':
		return Kind(b)
	case 'f':
		return Bool
	}
	return Number
}

// Members goes through the members of a checked object, each value as it was
// sent.
func Members(object json.RawMessage) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		at := skipSpace(object, 0) + 1
		for {
			at = skipSpace(object, at)
			if object[at] == '}' {
				return
			}
			end := skipText(object, at)
			key := keyText(object[at+1 : end-1])
			at = skipSpace(object, skipSpace(object, end)+1)
			end = skipValue(object, at)
			if !yield(key, object[at:end:end]) {
				return
			}
			at = skipComma(object, end)
		}
	}
}

// Elements goes through the elements of a checked array, each as it was sent.
func Elements(array json.RawMessage) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		at := skipSpace(array, 0) + 1
		for {
			at = skipSpace(array, at)
			if array[at] == ']' {
				return
			}
			end := skipValue(array, at)
			if !yield(array[at:end:end]) {
				return
			}
			at = skipComma(array, end)
		}
	}
}

// Text returns what a checked string means.
func Text(s json.RawMessage) string {
	at := skipSpace(s, 0)
	return keyText(s[at+1 : skipText(s, at)-1])
}

func keyText(inside []byte) string {
	if skipNoEscape(inside) == len(inside) {
		return string(inside)
	}
	return string(appendText(nil, inside))
}

func skipNoEscape(inside []byte) int {
	at := 0
	for at < len(inside) && inside[at] != '\\' {
		at++
	}
	return at
}

func skipSpace(data []byte, at int) int {
	for at < len(data) && (data[at] == ' ' || data[at] == '\n' || data[at] == '\t' || data[at] == '\r') {
		at++
	}
	return at
}

func skipComma(data []byte, at int) int {
	at = skipSpace(data, at)
	if data[at] == ',' {
		at++
	}
	return at
}

// skipText returns the end of the string that begins at at.
func skipText(data []byte, at int) int {
	for at++; data[at] != '"'; at++ {
		if data[at] == '\\' {
			at++
		}
	}
	return at + 1
}

// skipValue returns the end of the value that begins at at.
func skipValue(data []byte, at int) int {
	depth := 0
	for {
		switch data[at] {
		case '"':
			at = skipText(data, at)
		case '{', '[':
			depth++
			at++
		case '}', ']':
			depth--
			at++
		default:
			at = skipScalar(data, at)
		}
		if depth == 0 {
			return at
		}
		at = skipBetween(data, at)
	}
}

// skipScalar returns the end of a number or word.
func skipScalar(data []byte, at int) int {
	for at < len(data) {
		switch data[at] {
		case ',', '}', ']', ' ', '\n', '\t', '\r':
			return at
		}
		at++
	}
	return at
}

// skipBetween passes over what separates values.
func skipBetween(data []byte, at int) int {
	for {
		switch data[at] {
		case ' ', '\n', '\t', '\r', ',', ':':
			at++
		default:
			return at
		}
	}
}

// Numbers goes through all numbers of a checked document, at any depth, as they
// were written.
func Numbers(document json.RawMessage) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		for at := 0; at < len(document); {
			switch b := document[at]; {
			case b == '"':
				at = skipText(document, at)
			case b == '-' || isDigit(b):
				end := skipScalar(document, at)
				if !yield(document[at:end:end]) {
					return
				}
				at = end
			default:
				at++
			}
		}
	}
}
