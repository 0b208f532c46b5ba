package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string // instead of Package where a build fails
	Test       string // empty: the package as a whole
	Output     string
}

// testKey names a test.
type testKey struct{ pkg, test string }

// report counts tests and holds back what they print until it is known whether that matters.
type report struct {
	out     io.Writer
	err     error // the first failure to write
	pending map[testKey][]string
	passed  int
	failed  []testKey
	skipped []testKey
	broken  int // packages that failed, a failed build included
}

func newReport(out io.Writer) *report {
	return &report{out: out, pending: make(map[testKey][]string)}
}

// read takes events until the input ends. A line that is no event is shown as it is.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil {
				r.take(e)
			} else {
				r.print(string(line))
			}
		}
		if errors.Is(err, io.EOF) {
			return r.err
		}
		if err != nil {
			return err
		}
	}
}

// take counts one event.
func (r *report) take(e event) {
	key := testKey{e.Package, e.Test}
	switch e.Action {
	case "output":
		if e.Test != "" || seed(e.Output) {
			r.pending[key] = append(r.pending[key], e.Output)
		} else if !verdict(e.Output) {
			r.print(e.Output)
		}
	case "build-output":
		r.print(e.Output)
	case "pass", "skip", "fail":
		r.end(key, e.Action)
	}
}

// verdict reports whether a line only says what the last line about its package says again.
func verdict(line string) bool { return line == "PASS\n" || line == "FAIL\n" }

// seed reports whether a line is the seed of a package's shuffle, which repeats a failure.
func seed(line string) bool { return strings.HasPrefix(line, "-test.shuffle ") }

// end takes the outcome of a test, or of a package.
func (r *report) end(key testKey, outcome string) {
	if key.test == "" {
		r.endPackage(key.pkg, outcome)
		return
	}
	switch outcome {
	case "pass":
		r.passed++
	case "skip":
		r.skipped = append(r.skipped, key)
	case "fail":
		r.failed = append(r.failed, key)
	}
	if outcome != "pass" {
		r.print(r.pending[key]...)
	}
	delete(r.pending, key)
}

// endPackage shows the seed of a failed package and what its tests printed that never came to an
// end: a panic or a timeout takes them down with it.
func (r *report) endPackage(pkg, outcome string) {
	if outcome == "fail" {
		r.broken++
	}
	for key, output := range r.pending {
		if key.pkg != pkg {
			continue
		}
		if outcome == "fail" {
			r.print(output...)
		}
		if outcome == "fail" && key.test != "" {
			r.failed = append(r.failed, key)
		}
		delete(r.pending, key)
	}
}

// summarize prints the outcome and reports whether all is well.
func (r *report) summarize() bool {
	for _, key := range r.skipped {
		r.print(fmt.Sprintf("SKIPPED %s %s\n", key.pkg, key.test))
	}
	for _, key := range r.failed {
		r.print(fmt.Sprintf("FAILED %s %s\n", key.pkg, key.test))
	}
	ok := r.broken == 0 && len(r.failed) == 0 && len(r.skipped) == 0 && r.passed > 0 && r.err == nil
	word := "ok"
	if !ok {
		word = "FAIL"
	}
	r.print(fmt.Sprintf("%s: %d tests executed: %d passed, %d failed, %d skipped; %d packages failed\n",
		word, r.passed+len(r.failed), r.passed, len(r.failed), len(r.skipped), r.broken))
	return ok
}

// print writes lines and keeps the first error.
func (r *report) print(lines ...string) {
	for _, line := range lines {
		if r.err == nil {
			_, r.err = io.WriteString(r.out, line)
		}
	}
}
