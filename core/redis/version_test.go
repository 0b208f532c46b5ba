package redis

import "testing"

func TestVersionsAreComparedAsNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"6.0.16", "6.2", true},
		{"6.2.0", "6.2", false},
		{"6.10.1", "6.2", false},
		{"10.0", "6.2", false},
		{"5.0.14", "6.2", true},
		{"7", "6.2", false},
		{"", "6.2", true},
		{"unstable", "6.2", true},
	} {
		if got := before(c.a, c.b); got != c.want {
			t.Errorf("before(%q, %q) is %v", c.a, c.b, got)
		}
	}
}

func TestAFieldOfAnAnswerToInfo(t *testing.T) {
	t.Parallel()
	const info = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n"
	if got := field(info, "redis_version"); got != "7.0.15" {
		t.Errorf("got %q", got)
	}
	if got := field(info, "version"); got != "" {
		t.Errorf("a part of a name found %q", got)
	}
}
