package outage_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/outage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errAway = errors.New("connection refused")

// rig is a logger around a part, and what was logged.
func rig(level hclog.Level) (*outage.Part, hclog.Logger, *bytes.Buffer) {
	var out bytes.Buffer
	base := hclog.New(&hclog.LoggerOptions{Output: &out, Level: level, DisableTime: true})
	part := outage.New(outage.Config{
		Name: "database", Logger: base, Blames: func(err error) bool { return errors.Is(err, errAway) },
	})
	return part, outage.Logger(base, part), &out
}

func TestAnOutageIsSaidOnceWhenItBeginsAndOnceWhenItEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		part, log, out := rig(hclog.Info)
		for i := range 100 {
			log.Named("loop").With("i", i).Warn("turn failed", "error", fmt.Errorf("turn: %w", errAway))
		}
		time.Sleep(90 * time.Second)
		part.Away(errAway)
		part.Back()
		part.Back()
		want := `[WARN]  the database is away; what fails for that is logged at level debug until it is back: error="turn: connection refused"
[INFO]  the database is back: after=1m30s failures=100
`
		if out.String() != want {
			t.Errorf("logged:\n%s\nwant:\n%s", out, want)
		}
	})
}

func TestNoDetailIsLost(t *testing.T) {
	t.Parallel()
	_, log, out := rig(hclog.Debug)
	log.ResetNamed("loop").Warn("turn failed", "error", errAway, "n", 1)
	if want := `[DEBUG] loop: turn failed: error="connection refused" n=1`; !strings.Contains(out.String(), want) {
		t.Errorf("logged %q, want %q in it", out, want)
	}
}

func TestOtherWarningsAndAllErrorsGoThrough(t *testing.T) {
	t.Parallel()
	part, log, out := rig(hclog.Info)
	part.Away(errAway)
	log.Warn("odd", "error", errors.New("syntax error"))
	log.Warn("no error at all")
	log.Error("work stops", "error", errAway)
	for _, want := range []string{"[WARN]  odd", "[WARN]  no error at all", "[ERROR] work stops"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in the log:\n%s", want, out)
		}
	}
}

func TestWhatFailsRightAfterTheReturnIsNoNewOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		part, log, out := rig(hclog.Info)
		part.Away(errAway)
		part.Back()
		log.Warn("turn failed", "error", errAway)
		if n := strings.Count(out.String(), "is away"); n != 1 {
			t.Errorf("said %d times that it is away:\n%s", n, out)
		}
		part.Away(errAway) // whoever watches it knows better
		if n := strings.Count(out.String(), "is away"); n != 2 {
			t.Errorf("a new outage was not said:\n%s", out)
		}
		part.Back()
		time.Sleep(time.Minute)
		log.Warn("turn failed", "error", errAway)
		if n := strings.Count(out.String(), "is away"); n != 3 {
			t.Errorf("a later outage was not said:\n%s", out)
		}
	})
}
