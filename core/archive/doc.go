// Package archive keeps what leaves the store: files of JSON lines, compressed
// with zstd, and a manifest that has the SHA-256 of each.
//
// A batch is encoded the same way wherever it goes; a destination (a local
// folder) only has to keep the bytes. A Write that returns has
// reached the disk, so that its caller may remove the rows: a crash in between
// archives twice, and never loses.
//
// It never reads the store and never decides what is archived.
package archive
