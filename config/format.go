package config

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// formatRounds is how often a file is formatted until nothing changes; one
// round is enough for all but a few odd inputs.
const formatRounds = 4

// Format rewrites a file, or every *.hcl in a folder, in the canonical layout
// and returns those that changed. A file that is broken is reported and left
// alone; the others are still done.
func Format(path string) (changed []string, diags Diagnostics) {
	return formatFiles(path, replaceFile)
}

// CheckFormat is Format without writing: it returns the files that would change.
func CheckFormat(path string) (changed []string, diags Diagnostics) {
	return formatFiles(path, func(string, []byte) error { return nil })
}

func formatFiles(path string, write func(string, []byte) error) ([]string, Diagnostics) {
	report := &report{origin: newOrigin()}
	files, _, err := listFiles(path)
	if err != nil {
		report.addf(hcl.Range{Filename: path}, "Cannot read the configuration", "%s", err)
	}
	var changed []string
	for _, file := range files {
		source, err := readFile(file)
		if err != nil {
			report.addf(hcl.Range{Filename: file}, "Cannot read the configuration", "%s", err)
			continue
		}
		formatted := report.format(file, source)
		if formatted == nil || bytes.Equal(formatted, source) {
			continue
		}
		if err := write(file, formatted); err != nil {
			report.addf(hcl.Range{Filename: file}, "Cannot write the file", "%s", plainError(err))
			continue
		}
		changed = append(changed, file)
	}
	return changed, report.finish()
}

// FormatSource formats the text of one file; name is for diagnostics.
func FormatSource(name string, source []byte) ([]byte, Diagnostics) {
	report := &report{origin: newOrigin()}
	formatted := report.format(name, source)
	return formatted, report.finish()
}

// format moves white space only: it works on tokens, so that comments stay, and
// compares them afterwards. It returns nil when the text is broken.
func (r *report) format(name string, source []byte) []byte {
	if r.parseSource(name, source) == nil {
		return nil
	}
	formatted := source
	for range formatRounds {
		next := hclwrite.Format(formatted)
		if bytes.Equal(next, formatted) && sameTokens(source, formatted) {
			return formatted
		}
		formatted = next
	}
	r.addf(hcl.Range{Filename: name}, "Cannot format the file", "its layout is too unusual; it is left as it is")
	return nil
}

// sameTokens tells that two texts differ in white space only.
func sameTokens(a, b []byte) bool {
	first, _ := hclsyntax.LexConfig(a, "", fileStart)
	second, _ := hclsyntax.LexConfig(b, "", fileStart)
	if len(first) != len(second) {
		return false
	}
	for i := range first {
		if first[i].Type != second[i].Type || !sameToken(first[i], second[i]) {
			return false
		}
	}
	return true
}

// sameToken ignores the kind of line end.
func sameToken(a, b hclsyntax.Token) bool {
	if a.Type == hclsyntax.TokenNewline {
		return true
	}
	return bytes.Equal(bytes.TrimSpace(a.Bytes), bytes.TrimSpace(b.Bytes))
}

// replaceFile writes beside the file and renames, so that nobody sees half of
// it and a crash loses nothing. It keeps the mode and follows symbolic links.
func replaceFile(path string, content []byte) error {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(target), "."+filepath.Base(target)+".*")
	if err != nil {
		return err
	}
	_, err = temp.Write(content)
	err = errors.Join(err, temp.Chmod(info.Mode().Perm()), temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), target)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}
