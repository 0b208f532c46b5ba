package config

import (
	"fmt"
	"io"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Diagnostic is one thing wrong with the configuration.
type Diagnostic struct {
	// Range is where; with a line of 0 it is the file or folder as a whole, and
	// without a file name it is outside of them (a flag).
	Range hcl.Range
	// Summary says what is wrong, Detail what to do; neither holds a secret.
	Summary string
	Detail  string
	// Snippet is the source line with the range underlined, secrets masked;
	// empty when there is no line.
	Snippet string
}

// String is the diagnostic in one line:
//
//	FILE:LINE,COL-COL: summary; detail
func (d Diagnostic) String() string {
	text := d.Summary
	if d.Detail != "" {
		text += "; " + d.Detail
	}
	if place := d.place(); place != "" {
		text = place + ": " + text
	}
	return text
}

// place is the range in the form of the contract; one that goes over several
// lines shows its first.
func (d Diagnostic) place() string {
	r := d.Range
	if r.Start.Line == 0 {
		return r.Filename
	}
	return fmt.Sprintf("%s:%d,%d-%d", r.Filename, r.Start.Line, r.Start.Column, r.End.Column)
}

// Diagnostics are all the things wrong, in the order of the files.
type Diagnostics []Diagnostic

// Error is one line for each diagnostic.
func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// Err is nil when nothing is wrong; else ds, for errors.As.
func (ds Diagnostics) Err() error {
	if len(ds) == 0 {
		return nil
	}
	return ds
}

// Write prints each diagnostic with its snippet below.
func (ds Diagnostics) Write(w io.Writer) error {
	for _, d := range ds {
		text := d.String() + "\n"
		if d.Snippet != "" {
			text += d.Snippet + "\n"
		}
		if _, err := io.WriteString(w, text); err != nil {
			return fmt.Errorf("write the diagnostics: %w", err)
		}
	}
	return nil
}
