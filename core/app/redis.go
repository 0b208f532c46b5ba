package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/core/redis"
)

// openRedis connects to the configured Redis, or starts the embedded one; close
// ends either. A Redis that is away is no error: the node works without.
func openRedis(ctx context.Context, cfg config.Redis) (client *redis.Client, stop func() error, err error) {
	options := redisConfig(cfg)
	stopServer := func() {}
	if cfg.Kind == config.RedisEmbedded || cfg.Kind == config.RedisNone {
		embedded, err := redis.StartEmbedded()
		if err != nil {
			return nil, nil, err
		}
		options.URL = embedded.URL()
		stopServer = embedded.Close
	}
	if client, err = redis.Open(options); err != nil {
		stopServer()
		return nil, nil, err
	}
	stop = func() error {
		defer stopServer()
		return client.Close()
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if policy, evicts, err := client.Evicts(ctx); err == nil && evicts {
		return nil, nil, errors.Join(stop(), fmt.Errorf("redis throws keys away when its memory is full (maxmemory-policy %s): set it to noeviction", policy))
	}
	return client, stop, nil
}

// redisConfig is how a configured Redis is reached; the embedded one has its
// address only when it runs.
func redisConfig(cfg config.Redis) redis.Config {
	options := redis.Config{
		Prefix: cfg.Prefix, Master: cfg.Master, Username: cfg.Username, Password: cfg.Password.Reveal(),
		TLS: redis.TLS{CA: cfg.TLS.CA, Cert: cfg.TLS.Cert, Key: cfg.TLS.Key},
	}
	switch cfg.Kind {
	case config.RedisSingle:
		options.URL = cfg.URLs[0].Reveal()
	case config.RedisCluster:
		options.URLs = reveal(cfg.URLs)
	case config.RedisSentinel:
		options.Sentinels = reveal(cfg.URLs)
	case config.RedisEmbedded, config.RedisNone:
	}
	return options
}

func (a *App) refuseCompany(ctx context.Context) error {
	if a.opts.Config.Redis.Kind != config.RedisEmbedded {
		return nil
	}
	nodes, err := a.store.Nodes(ctx)
	for _, n := range nodes {
		if n.DeadAt.IsZero() && n.LeaseUntil.After(time.Now()) {
			return fmt.Errorf("an embedded Redis serves one node only, and node %q holds its lease until %s: use one Redis for all, or stop it", n.Name, n.LeaseUntil)
		}
	}
	return err
}

func reveal(secrets []config.Secret) []string {
	out := make([]string, len(secrets))
	for i, s := range secrets {
		out[i] = s.Reveal()
	}
	return out
}
