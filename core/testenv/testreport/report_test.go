package main

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestReport(t *testing.T) {
	t.Parallel()
	const start = `{"Action":"output","Package":"p","Output":"-test.shuffle 42\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"noise of A\n"}
`
	tests := map[string]struct {
		in     string
		ok     bool
		last   string
		shows  []string
		hidden []string
	}{
		"passing tests show their package only": {
			in: start + `{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}`,
			ok:     true,
			last:   "ok: 1 tests executed: 1 passed, 0 failed, 0 skipped; 0 packages failed",
			shows:  []string{"ok  \tp\t0.1s"},
			hidden: []string{"noise of A", "PASS", "shuffle"},
		},
		"a failing test shows its output and the seed": {
			in: start + `{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p"}`,
			last:  "FAIL: 1 tests executed: 0 passed, 1 failed, 0 skipped; 1 packages failed",
			shows: []string{"noise of A", "FAILED p TestA", "-test.shuffle 42"},
		},
		"a test that a panic cut off has failed": {
			in:    start + `{"Action":"fail","Package":"p"}`,
			last:  "FAIL: 1 tests executed: 0 passed, 1 failed, 0 skipped; 1 packages failed",
			shows: []string{"noise of A", "FAILED p TestA"},
		},
		"a skipped test is a failure": {
			in: start + `{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p"}`,
			last:  "FAIL: 1 tests executed: 1 passed, 0 failed, 1 skipped; 0 packages failed",
			shows: []string{"SKIPPED p TestA", "noise of A"},
		},
		"a package that does not build is a failure": {
			in: `{"Action":"pass","Package":"q","Test":"TestB"}
{"ImportPath":"p [p.test]","Action":"build-output","Output":"p.go:1: wrong\n"}
{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}`,
			last:  "FAIL: 1 tests executed: 1 passed, 0 failed, 0 skipped; 1 packages failed",
			shows: []string{"p.go:1: wrong"},
		},
		"a package without tests is skipped as a package, which is fine": {
			in: `{"Action":"pass","Package":"q","Test":"TestB"}
{"Action":"skip","Package":"p"}`,
			ok:   true,
			last: "ok: 1 tests executed: 1 passed, 0 failed, 0 skipped; 0 packages failed",
		},
		"no tests at all is a failure": {
			last: "FAIL: 0 tests executed: 0 passed, 0 failed, 0 skipped; 0 packages failed",
		},
		"what is no event is shown": {
			in:    "something else\n" + `{"Action":"pass","Package":"q","Test":"TestB"}`,
			ok:    true,
			last:  "ok: 1 tests executed: 1 passed, 0 failed, 0 skipped; 0 packages failed",
			shows: []string{"something else"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			r := newReport(&out)
			if err := r.read(strings.NewReader(tt.in)); err != nil {
				t.Fatal(err)
			}
			if ok := r.summarize(); ok != tt.ok {
				t.Errorf("ok = %v, want %v", ok, tt.ok)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if last := lines[len(lines)-1]; last != tt.last {
				t.Errorf("last line %q, want %q", last, tt.last)
			}
			for _, want := range tt.shows {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the report lacks %q:\n%s", want, out.String())
				}
			}
			for _, not := range tt.hidden {
				if strings.Contains(out.String(), not) {
					t.Errorf("the report shows %q:\n%s", not, out.String())
				}
			}
		})
	}
}
