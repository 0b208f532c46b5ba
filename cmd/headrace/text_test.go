package main

import (
	"encoding/json"
	"net"
	"strings"
	"testing"
)

func TestPrintableLeavesNothingThatSteersATerminal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain text":         "plain text",
		"größer, 東京":         "größer, 東京",
		"a\x1b[31mb":         `a\x1b[31mb`,
		"a\nb\tc":            `a\x0ab\x09c`,
		"\u009b2J":           `\u009b2J`,
		"abc\u202edef":       `abc\u202edef`,
		"half\xff":           `half\xff`,
		"real \ufffd stands": "real \ufffd stands",
		"\x7f":               `\x7f`,
	} {
		if got := printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := printableLines("a\x1b\n\tb\r"); got != "a\\x1b\n\tb\\x0d" {
		t.Errorf("%q", got)
	}
}

func TestPrintableJSONMeansTheSame(t *testing.T) {
	t.Parallel()
	text := "{\"a\":\"\u009b2J\u202e ok ö \U000e0001\",\"n\":9007199254740993}"
	shown := string(printableJSON([]byte(text)))
	if strings.ContainsAny(shown, "\u009b\u202e\U000e0001") {
		t.Errorf("it still steers: %q", shown)
	}
	var before, after struct {
		A string
		N json.Number
	}
	if err := json.Unmarshal([]byte(text), &before); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(shown), &after); err != nil || before != after {
		t.Errorf("%s: %+v, want %+v, %v", shown, after, before, err)
	}
}

func TestBaseURLIsOneThatCanBeDialled(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:80": "http://127.0.0.1:80", "0.0.0.0:81": "http://127.0.0.1:81",
		"[::]:82": "http://127.0.0.1:82", "[::1]:83": "http://[::1]:83",
	} {
		tcp, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := baseURL(tcp); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}

func TestShellWordQuotesWhatAShellWouldRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"bin/headrace": "bin/headrace", "": "''", "a b": "'a b'", "$(x)": "'$(x)'", "it's": `'it'\''s'`,
	} {
		if got := shellWord(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestTokensFitIntoAHeader(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		token string
		good  bool
	}{
		"15 characters":  {strings.Repeat("a", 15), false},
		"16 characters":  {strings.Repeat("a", 16), true},
		"200 characters": {strings.Repeat("a", 200), true},
		"201 characters": {strings.Repeat("a", 201), false},
		"a line end":     {"aaaaaaaaaaaaaaaa\nb", false},
		"an outer space": {"aaaaaaaaaaaaaaaa ", false},
		"an inner space": {"aaaaaaaa aaaaaaaa", true},
	} {
		if err := checkToken(c.token); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
