package app

import (
	"context"

	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/core/tasktype"
)

// wirePauses makes what keeps the types in line with their pauses.
func (a *App) wirePauses(context.Context) (err error) {
	a.pauses, err = tasktype.NewPauses(tasktype.PausesConfig{
		Store: a.store, Types: a.types, Tell: a.tell(redis.Pause),
		Changed: func(name string, _ bool) { a.dispatcher.PauseChanged(name) }, //nolint:contextcheck // what goes back ends like an outcome of its plugin
		Leads:   a.leader.Leads, Logger: a.log.Named("pauses"),
	})
	a.background = append(a.background, loop{"pauses", a.pauses.Run})
	return err
}

// tell makes a hint to the other nodes about a task type. It is not needed for
// anything but speed: whoever misses it polls.
func (a *App) tell(kind redis.SignalKind) func(ctx context.Context, taskType string) {
	return func(ctx context.Context, taskType string) {
		limited, cancel := context.WithTimeout(ctx, tellLimit)
		defer cancel()
		if err := a.redis.Tell(limited, redis.Signal{Kind: kind, Subject: taskType}); err != nil {
			a.log.Debug("other nodes not told", "kind", string(kind), "type", taskType, "error", err)
		}
	}
}
