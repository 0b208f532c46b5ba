package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Config of a client. One of URL, URLs, Sentinels must be set.
type Config struct {
	// URL of a single server, redis:// or rediss://.
	URL string
	// URLs of some nodes of a cluster.
	URLs []string
	// Sentinels are host:port of the sentinels that know Master.
	Sentinels []string
	Master    string
	// Prefix starts every key. Default "hr".
	Prefix string
	// Timeout of one command. Default 2 s: Redis only hints, so the engine goes
	// on without it rather than wait.
	Timeout time.Duration
}

// Client is a connection to one server, a cluster or a sentinel set.
type Client struct {
	goredis.UniversalClient
	Keys Keys
	// name tells this client's signals from those of others.
	name string
}

// Open makes a client; it connects at the first command.
func Open(cfg Config) (*Client, error) {
	if cfg.Prefix == "" {
		cfg.Prefix = "hr"
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 2 * time.Second
	}
	options, err := universal(cfg)
	if err != nil {
		return nil, err
	}
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = cfg.Timeout, cfg.Timeout, cfg.Timeout
	options.MaxRetries = 1
	options.ContextTimeoutEnabled = true
	return &Client{
		UniversalClient: goredis.NewUniversalClient(options),
		Keys:            Keys{prefix: cfg.Prefix}, name: rand.Text(),
	}, nil
}

// universal turns the three ways to name a Redis into go-redis' options.
func universal(cfg Config) (*goredis.UniversalOptions, error) {
	switch {
	case len(cfg.Sentinels) > 0:
		if cfg.Master == "" {
			return nil, errors.New("redis: sentinels need the name of their master")
		}
		return &goredis.UniversalOptions{Addrs: cfg.Sentinels, MasterName: cfg.Master}, nil
	case len(cfg.URLs) > 0:
		options := &goredis.UniversalOptions{IsClusterMode: true}
		for _, url := range cfg.URLs {
			one, err := goredis.ParseURL(url)
			if err != nil {
				return nil, fmt.Errorf("redis: read a url of the cluster: %w", err)
			}
			options.Addrs = append(options.Addrs, one.Addr)
			options.Username, options.Password, options.TLSConfig = one.Username, one.Password, one.TLSConfig
		}
		return options, nil
	case cfg.URL != "":
		one, err := goredis.ParseURL(cfg.URL)
		if err != nil {
			return nil, fmt.Errorf("redis: read the url: %w", err)
		}
		return &goredis.UniversalOptions{
			Addrs: []string{one.Addr}, DB: one.DB,
			Username: one.Username, Password: one.Password, TLSConfig: one.TLSConfig,
		}, nil
	}
	return nil, errors.New("redis: no url is given")
}

// PingOnce tells whether the server answers.
func (c *Client) PingOnce(ctx context.Context) error { return c.Ping(ctx).Err() }
