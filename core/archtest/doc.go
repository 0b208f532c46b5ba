// Package archtest holds the test of the import direction: which package of this module may import
// which. It owns the table of layers and the short list of modules that sdk may bring to plugin
// authors. It has no code of its own and nothing imports it.
//
// Every package has a place in the table. A new one fails the test until it has been given one, so
// that where it belongs is a decision and not an accident.
package archtest
