package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Bounds of what is read; far above any real configuration.
const (
	maxFiles    = 1000
	maxFileSize = 1 << 20
	// maxNesting bounds the depth of brackets and the length of a chain of
	// unary operators, since the parser recurses.
	maxNesting = 100
)

var fileStart = hcl.Pos{Line: 1, Column: 1}

// listFiles finds the files that path means: itself, or every *.hcl directly in
// the folder, sorted by name. Files whose names start with a dot are left out.
func listFiles(path string) (files []string, folder string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", plainError(err)
	}
	if !info.IsDir() {
		return []string{path}, filepath.Dir(path), nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, "", plainError(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if filepath.Ext(name) != ".hcl" || strings.HasPrefix(name, ".") {
			continue
		}
		full := filepath.Join(path, name)
		if info, err := os.Stat(full); err != nil || info.Mode().IsRegular() {
			files = append(files, full) // reading reports the error
		}
	}
	switch {
	case len(files) == 0:
		return nil, "", errors.New("the folder has no *.hcl file")
	case len(files) > maxFiles:
		return nil, "", fmt.Errorf("the folder has %d files; at most %d are read", len(files), maxFiles)
	}
	return files, path, nil
}

// plainError leaves the operation and the path out, which the diagnostic shows
// already.
func plainError(err error) error {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		return pathErr.Err
	}
	return err
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, plainError(err)
	}
	source, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, plainError(err)
	}
	if len(source) > maxFileSize {
		return nil, fmt.Errorf("the file is larger than %d bytes", maxFileSize)
	}
	return source, nil
}

// parseSource reads one file's syntax; nil when it is broken. Since a broken
// file does not say which of its texts are secret, snippets of it show none.
func (r *report) parseSource(name string, source []byte) *hclsyntax.Body {
	r.origin.sources[name] = source
	before := len(r.found)
	tokens, lexed := hclsyntax.LexConfig(source, name, fileStart)
	r.addHCL(lexed, hcl.Range{Filename: name})
	if at, deep := tooDeep(tokens); deep {
		r.addf(at, "Nested too deeply", "at most %d levels are read", maxNesting)
	}
	r.checkLiterals(tokens)
	var body *hclsyntax.Body
	if len(r.found) == before {
		file, found := hclsyntax.ParseConfig(source, name, fileStart)
		r.addHCL(found, hcl.Range{Filename: name})
		body, _ = file.Body.(*hclsyntax.Body)
	}
	if len(r.found) == before {
		return body
	}
	r.hideTexts(tokens)
	return nil
}

// checkLiterals refuses numbers that would fill the memory when a function
// writes them out.
func (r *report) checkLiterals(tokens hclsyntax.Tokens) {
	for _, token := range tokens {
		if token.Type == hclsyntax.TokenNumberLit && hugeNumber(string(token.Bytes)) {
			r.addf(token.Range, "Number out of range", "%s", errHugeNumber)
		}
	}
}

func (r *report) hideTexts(tokens hclsyntax.Tokens) {
	for _, token := range tokens {
		if token.Type == hclsyntax.TokenQuotedLit || token.Type == hclsyntax.TokenStringLit {
			r.origin.hide(token.Range)
		}
	}
}

// tooDeep finds the first token beyond maxNesting.
func tooDeep(tokens hclsyntax.Tokens) (hcl.Range, bool) {
	depth, unary := 0, 0
	for _, token := range tokens {
		switch token.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote,
			hclsyntax.TokenOHeredoc, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth, unary = depth+1, 0
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote,
			hclsyntax.TokenCHeredoc, hclsyntax.TokenTemplateSeqEnd:
			depth, unary = depth-1, 0
		case hclsyntax.TokenBang, hclsyntax.TokenMinus, hclsyntax.TokenQuestion:
			unary++
		case hclsyntax.TokenNewline:
			if depth == 0 {
				unary = 0
			}
		default:
		}
		if depth > maxNesting || unary > maxNesting {
			return token.Range, true
		}
	}
	return hcl.Range{}, false
}
