package process

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"
)

func TestCleanNeutralisesControlCharacters(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain äöü\ttab":              "plain äöü\ttab",
		"\x1b[31mred":                 `\x1b[31mred`,
		"two\r\nlines":                `two\x0d\x0alines`,
		"c1 \u009b31m":                `c1 \x9b31m`,
		"turned \u202egpj":            `turned \u202egpj`,
		"bad \xff utf8":               "bad \ufffd utf8",
		strings.Repeat("ä", 60):       strings.Repeat("ä", 50) + " [20 bytes cut]",
		"x" + strings.Repeat("ä", 60): "x" + strings.Repeat("ä", 49) + " [22 bytes cut]",
	} {
		if got := Clean(in, 100); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b\xff\u2028", 3)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		got := Clean(text, limit&0xff)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
			t.Errorf("Clean(%q) = %q", text, got)
		}
	})
}

func TestLinesAreCutAndJoined(t *testing.T) {
	t.Parallel()
	type line struct {
		size, cut int
	}
	var got []line
	l := NewLines(func(text []byte, cut int) { got = append(got, line{len(text), cut}) })
	for _, part := range []string{"ab", "c\n\nd\r\n", strings.Repeat("x", maxLine-1), strings.Repeat("x", 11), "\nend"} {
		if n, err := l.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	l.Flush()
	l.Flush()
	if want := []line{{3, 0}, {0, 0}, {1, 0}, {maxLine, 10}, {3, 0}}; !slices.Equal(got, want) {
		t.Errorf("lines %v, want %v", got, want)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	var last tail
	for range 5000 {
		last.line(strings.Repeat("y", 99))
	}
	last.line("the end")
	text := last.String()
	if len(text) > tailSize || len(text) < tailSize-100 || !strings.HasSuffix(text, "y\nthe end") || !strings.HasPrefix(text, strings.Repeat("y", 99)+"\n") {
		t.Errorf("%d bytes, from %.20q to %q", len(text), text, text[len(text)-20:])
	}
	if cap(last.buf) > 3*tailSize {
		t.Errorf("it holds %d bytes", cap(last.buf))
	}
}

func TestLogLinesKeepLevelAndFields(t *testing.T) {
	t.Parallel()
	many := `{"@message":"m","@level":"error"`
	for i := range 40 {
		many += `,"k` + strings.Repeat("i", i) + `":1`
	}
	for in, want := range map[string]string{
		`{"@level":"warn","@message":"disk\u001b full","@timestamp":"x","n":9007199254740993,"o":{"a":[1]}}`: `[WARN]  p: disk\x1b full: n=9007199254740993 o="{\"a\":[1]}"`,
		`{"@message":"m"}`:           `[INFO]  p: m`,
		`{"level":"no hclog"}`:       `[INFO]  p: plugin wrote to standard error: line="{\"level\":\"no hclog\"}"`,
		`{"@message":7}`:             `[INFO]  p: plugin wrote`,
		"plain\x07":                  `line=plain\x07`,
		"panic: oh":                  `[ERROR] p: plugin crash report: line="panic: oh"`,
		many + "}":                   `fields_dropped=8`,
		"{" + strings.Repeat("[", 9): `[INFO]  p: plugin wrote`,
	} {
		var out bytes.Buffer
		log := &logger{log: hclog.New(&hclog.LoggerOptions{Name: "p", Output: &out, DisableTime: true})}
		log.stderr([]byte(in), 0)
		if !strings.Contains(out.String(), want) {
			t.Errorf("%.40s gave %q, want %q", in, out.String(), want)
		}
	}
}

func TestCrashReportsStayErrorsToTheirEnd(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := &logger{log: hclog.New(&hclog.LoggerOptions{Output: &out})}
	for _, line := range []string{"before", "fatal error: all goroutines are asleep", "goroutine 1 [running]:"} {
		log.stderr([]byte(line), 0)
	}
	if n := strings.Count(out.String(), "[ERROR]"); n != 2 {
		t.Errorf("%d error lines in %s", n, out.String())
	}
}

func TestEnvironmentEntries(t *testing.T) {
	t.Setenv("HOME", "/home/x")
	t.Setenv("TZ", "UTC")
	got := Environment([]string{"TZ=Europe/Berlin", "NOT_SET_ANYWHERE", "A=b=c"})
	if !slices.Contains(got, "HOME=/home/x") || !slices.Contains(got, "A=b=c") || slices.ContainsFunc(got, func(e string) bool { return strings.HasPrefix(e, "NOT_SET") }) {
		t.Errorf("environment %q", got)
	}
	if slices.Index(got, "TZ=UTC") > slices.Index(got, "TZ=Europe/Berlin") {
		t.Error("the plugin's own value must come last, where it counts")
	}
	for _, bad := range []string{"", "=x", "A B=1", "PLUGIN_CLIENT_CERT", "HEADRACE_PLUGIN=1", "A=\x00"} {
		if CheckEnvironment([]string{bad}) == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
