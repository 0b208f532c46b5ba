package recovery

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/hashicorp/go-hclog"
)

// every calls turn about once a period, and at once when nudged, until ctx
// ends; it returns nil. The period is spread by a quarter, so that nodes that
// started together do not work together. Errors are logged, here and only here.
func every(ctx context.Context, period time.Duration, nudge <-chan struct{}, log hclog.Logger, turn func(context.Context) error) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-nudge:
		case <-timer.C:
		}
		if err := turn(ctx); err != nil && ctx.Err() == nil {
			log.Warn("turn failed, will be tried again", "error", err)
		}
		timer.Reset(time.Duration((0.75 + rand.Float64()/2) * float64(period)))
	}
}
