package app

import (
	"context"

	"github.com/headrace/headrace/core/archive"
	"github.com/headrace/headrace/core/deadletter"
)

// deadLetters are the parts that look after tasks which were given up.
type deadLetters struct {
	desk    *deadletter.Desk
	cleaner *deadletter.Cleaner
}

// wireDeadLetters makes what retries, removes and evicts dead letters.
func (a *App) wireDeadLetters(context.Context) error {
	runner, err := deadletter.NewRunner(deadletter.RunnerConfig{
		Store: a.store, Offers: a.pusher, Leads: a.leader.Leads, Logger: a.log.Named("redrive"),
	})
	if err != nil {
		return err
	}
	a.dead.desk, err = deadletter.NewDesk(deadletter.DeskConfig{Store: a.store, Offers: a.pusher, Started: runner.Nudge})
	if err != nil {
		return err
	}
	if err := a.wireCleaner(); err != nil {
		return err
	}
	a.background = append(a.background, loop{"redrives", runner.Run}, loop{"clean-up", a.dead.cleaner.Run})
	return a.wireRetrier()
}

func (a *App) wireCleaner() error {
	cfg := a.opts.Config
	cleaner := deadletter.CleanerConfig{
		Store: a.store, Leads: a.leader.Leads, MaxSize: int64(cfg.DeadLetter.MaxSize), Retention: cfg.DeadLetter.Retention,
		Every: cfg.DeadLetter.CleanupEvery, Logger: a.log.Named("clean-up"), Registerer: a.registry,
	}
	if cfg.Archive.Path != "" {
		folder, err := archive.NewLocal(cfg.Archive.Path)
		if err != nil {
			return err
		}
		cleaner.Archive = folder
	}
	var err error
	a.dead.cleaner, err = deadletter.NewCleaner(cleaner)
	return err
}

// wireRetrier makes the automatic retry where it was asked for.
func (a *App) wireRetrier() error {
	cfg := a.opts.Config.DeadLetter
	if !cfg.AutoRetry {
		return nil
	}
	retrier, err := deadletter.NewRetrier(deadletter.RetrierConfig{
		Store: a.store, Offers: a.pusher, Leads: a.leader.Leads, Limit: cfg.RetryLimit, Backoff: cfg.Backoff,
		Logger: a.log.Named("auto-retry"),
	})
	if err != nil {
		return err
	}
	a.background = append(a.background, loop{"automatic retry", retrier.Run})
	return nil
}
