package config

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// origin is what stays of the files after loading: their text for snippets, and
// what of it must not be shown.
type origin struct {
	sources map[string][]byte
	// hidden parts of the sources, by file.
	hidden map[string][]hcl.Range
	// maskedPaths are the values of the Config that came from a secret, as
	// "server/listen".
	maskedPaths map[string]bool
	secrets     *secrets
}

func newOrigin() *origin {
	return &origin{
		sources:     map[string][]byte{},
		hidden:      map[string][]hcl.Range{},
		maskedPaths: map[string]bool{},
		secrets:     newSecrets(),
	}
}

// hide keeps a part of a file out of every snippet.
func (o *origin) hide(r hcl.Range) { o.hidden[r.Filename] = append(o.hidden[r.Filename], r) }

// hideLiterals hides the literals of an expression. The names that env and file
// are called with stay: they are no secrets, and needed to understand an error.
func (o *origin) hideLiterals(expr hclsyntax.Expression) {
	var names []hcl.Range
	_ = hclsyntax.VisitAll(expr, func(node hclsyntax.Node) hcl.Diagnostics {
		switch n := node.(type) {
		case *hclsyntax.FunctionCallExpr:
			if (n.Name == "env" || n.Name == "file") && len(n.Args) > 0 {
				names = append(names, n.Args[0].Range())
			}
		case *hclsyntax.LiteralValueExpr:
			inName := func(name hcl.Range) bool { return name.Overlaps(n.Range()) }
			if !slices.ContainsFunc(names, inName) {
				o.hide(n.Range())
			}
		}
		return nil // so that VisitAll has nothing to return
	})
}

// hideBody hides the literals of a body, nested blocks included.
func (o *origin) hideBody(body *hclsyntax.Body) {
	for _, attr := range body.Attributes {
		o.hideLiterals(attr.Expr)
	}
	for _, nested := range body.Blocks {
		o.hideBody(nested.Body)
	}
}

// diagnose makes a diagnostic that shows no secret known so far.
func (o *origin) diagnose(at hcl.Range, summary, detail string) Diagnostic {
	at = firstLine(at, o.sources[at.Filename])
	return Diagnostic{
		Range:   at,
		Summary: oneLine(o.secrets.scrub(summary)),
		Detail:  oneLine(o.secrets.scrub(detail)),
		Snippet: o.snippet(at),
	}
}

// oneLine joins lines and drops control characters, which would break the
// format or the terminal.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.TrimRight(strings.Map(printable, text), ".")
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}

// firstLine cuts a range at the end of the line that it starts in.
func firstLine(r hcl.Range, source []byte) hcl.Range {
	if r.Start.Line == r.End.Line {
		return r
	}
	if r.Start.Byte > len(source) {
		r.End = r.Start
		return r
	}
	rest := source[r.Start.Byte:]
	if n := bytes.IndexAny(rest, "\r\n"); n >= 0 {
		rest = rest[:n]
	}
	r.End = hcl.Pos{
		Line:   r.Start.Line,
		Column: r.Start.Column + len([]rune(string(rest))),
		Byte:   r.Start.Byte + len(rest),
	}
	return r
}

// report collects the diagnostics of one load. Their text is made at the end,
// when all secrets are known.
type report struct {
	origin *origin
	found  []Diagnostic
}

func (r *report) addf(at hcl.Range, summary, format string, args ...any) {
	r.found = append(r.found, Diagnostic{Range: at, Summary: summary, Detail: fmt.Sprintf(format, args...)})
}

// addHCL takes what the HCL library found; outside says where a finding
// without a place belongs.
func (r *report) addHCL(found hcl.Diagnostics, outside hcl.Range) {
	for _, d := range found {
		at := outside
		if d.Subject != nil {
			at = *d.Subject
		}
		r.addf(at, d.Summary, "%s", d.Detail)
	}
}

func (r *report) failed() bool { return len(r.found) > 0 }

// finish returns what was found, in the order of the files, each once.
func (r *report) finish() Diagnostics {
	var out Diagnostics
	for _, d := range r.found {
		out = append(out, r.origin.diagnose(d.Range, d.Summary, d.Detail))
	}
	slices.SortStableFunc(out, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Range.Filename, b.Range.Filename),
			cmp.Compare(a.Range.Start.Byte, b.Range.Start.Byte),
			cmp.Compare(a.Range.Start.Line, b.Range.Start.Line),
		)
	})
	return slices.CompactFunc(out, func(a, b Diagnostic) bool { return a.String() == b.String() })
}
