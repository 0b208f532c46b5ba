// Package strictjson is the guard in front of every body: it accepts exactly
// one JSON document (RFC 8259) in UTF-8, and refuses what JSON parsers disagree
// about: a key that stands twice in an object at any depth, lone surrogates, and
// what a database cannot keep, the NUL character. It bounds the depth.
//
// It decodes nothing and changes nothing: parts of a checked document are handed
// out as they were sent, so no number is ever rounded. Whether a document fits
// its use is decided elsewhere.
package strictjson
