// Command testreport reads what `go test -json` writes and shows it for people: one line a package,
// all output of what failed, and as its last line how many tests ran.
//
// It fails when a test failed, when one was skipped (a skipped test proves nothing, see package
// testenv), and when none ran. It runs no tests itself.
package main

import (
	"fmt"
	"os"
)

func main() {
	report := newReport(os.Stdout)
	if err := report.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
	if !report.summarize() {
		os.Exit(1)
	}
}
