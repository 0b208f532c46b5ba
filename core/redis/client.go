package redis

import (
	"context"
	"crypto/rand"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Config of a client. One of URL, URLs, Sentinels must be set.
type Config struct {
	// URL of a single server, redis:// or rediss://.
	URL string
	// URLs of some nodes of a cluster.
	URLs []string
	// Sentinels are host:port of the sentinels that know Master, or URLs, which
	// then hold how to log in to the sentinels and the number of the database.
	Sentinels []string
	Master    string
	// Username and Password are for the server that the sentinels name.
	Username, Password string
	// TLS is used where a URL has the scheme rediss.
	TLS TLS
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

// PingOnce tells whether the server answers.
func (c *Client) PingOnce(ctx context.Context) error { return c.Ping(ctx).Err() }
