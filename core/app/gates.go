package app

import (
	"time"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/core/audit"
	"github.com/headrace/headrace/core/breaker"
	"github.com/headrace/headrace/core/dispatch"
	"github.com/headrace/headrace/core/ratelimit"
)

// probeSlack is how long a probe may wait for its place and for its settlement,
// on top of what its attempt may take.
const probeSlack = 15 * time.Second

// wireGates makes what keeps tasks back: circuit breakers and rate limits.
func (a *App) wireGates(recorder *audit.Recorder) (gates []dispatch.NamedGate, err error) {
	settings, rates := protection(a.opts.Config.Tasks)
	if a.breakers, err = breaker.New(breaker.Config{
		Client: a.redis, Settings: settings, Record: recorder.Record, Changed: a.breakerChanged,
		Logger: a.log.Named("breaker"), Registerer: a.registry,
	}); err != nil {
		return nil, err
	}
	limits, err := ratelimit.New(ratelimit.Config{
		Client: a.redis, Rates: rates, Freed: a.wake, Logger: a.log.Named("ratelimit"), Registerer: a.registry,
	})
	if err != nil {
		return nil, err
	}
	a.background = append(a.background, loop{"breakers", a.breakers.Run}, loop{"rate limits", limits.Run})
	return []dispatch.NamedGate{
		{Gate: a.breakers, Reason: "breaker_open"}, {Gate: limits, Reason: "rate_limited"},
	}, nil
}

// protection translates the blocks that protect what is behind the task types.
func protection(tasks []config.Task) (map[string]breaker.Settings, map[string]ratelimit.Rate) {
	settings, rates := map[string]breaker.Settings{}, map[string]ratelimit.Rate{}
	for _, t := range tasks {
		if c := t.CircuitBreaker; c != nil {
			settings[t.Name] = breaker.Settings{
				FailureRatio: c.FailureRatio, Minimum: c.Minimum, Window: c.Window, OpenFor: c.OpenFor,
				Probes: c.Probes, ProbeTTL: t.Timeout + t.CancelGrace + probeSlack,
			}
		}
		if r := t.RateLimit; r != nil {
			rates[t.Name] = ratelimit.Rate{PerSecond: r.PerSecond, Burst: r.Burst}
		}
	}
	return settings, rates
}

// breakerChanged looks for work, or gives back what has not started.
func (a *App) breakerChanged(name string, s breaker.State) {
	if s == breaker.Open {
		a.dispatcher.Withhold(name, "the circuit breaker opened")
		return
	}
	a.dispatcher.Wake(name)
}
