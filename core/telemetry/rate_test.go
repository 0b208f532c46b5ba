package telemetry_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/headrace/headrace/core/telemetry"
)

func TestRateCountsTheLastMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := telemetry.NewRate(time.Now)
		for range 90 {
			r.Add(2)
			time.Sleep(time.Second)
		}
		if got := r.PerMinute(); got != 118 {
			t.Errorf("rate %v, want 118: two a second, for the 59 whole seconds before this one", got)
		}
		time.Sleep(time.Hour)
		if got := r.PerMinute(); got != 0 {
			t.Errorf("rate %v after an idle hour, want 0", got)
		}
	})
}
