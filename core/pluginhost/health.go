package pluginhost

import (
	"context"
	"time"
)

// watchHealth asks the plugin from time to time whether it is well, and kills it
// when it misses several answers in a row: it lives but does not serve.
func (g *generation) watchHealth(ctx context.Context) {
	ticker := time.NewTicker(g.limits.HealthEvery)
	defer ticker.Stop()
	misses := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.read:
			return
		case <-ticker.C:
		}
		err := within(ctx, g.limits.Health, g.checkHealth)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			misses = 0
			continue
		}
		misses++
		g.log.Warn("plugin missed a health check", "misses", misses, "error", err)
		if misses >= g.limits.HealthMisses {
			g.condemn(CrashWedged)
			return
		}
	}
}
