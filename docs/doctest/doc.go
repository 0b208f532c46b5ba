// Package doctest holds the test of the documentation: what the pages show is
// run, and where they point to is there. It has no code of its own and nothing
// imports it.
package doctest
