package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// TLS are paths of PEM files; all may be empty.
type TLS struct {
	// CA holds the authorities to trust; empty: those of the system.
	CA string
	// Cert and Key are what the client shows.
	Cert, Key string
}

// universal turns the three ways to name a Redis into go-redis' options.
func universal(cfg Config) (options *goredis.UniversalOptions, err error) {
	switch {
	case len(cfg.Sentinels) > 0:
		options, err = sentinels(cfg)
	case len(cfg.URLs) > 0:
		options, err = cluster(cfg)
	case cfg.URL != "":
		options, err = single(cfg)
	default:
		return nil, errors.New("redis: no url is given")
	}
	if err != nil {
		return nil, err
	}
	if options.TLSConfig != nil {
		err = cfg.TLS.apply(options.TLSConfig)
	}
	return options, err
}

func single(cfg Config) (*goredis.UniversalOptions, error) {
	one, err := goredis.ParseURL(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("redis: read the url: %w", err)
	}
	return &goredis.UniversalOptions{
		Addrs: []string{one.Addr}, DB: one.DB,
		Username: one.Username, Password: one.Password, TLSConfig: one.TLSConfig,
	}, nil
}

func cluster(cfg Config) (*goredis.UniversalOptions, error) {
	options := &goredis.UniversalOptions{IsClusterMode: true}
	for _, url := range cfg.URLs {
		one, err := goredis.ParseURL(url)
		if err != nil {
			return nil, fmt.Errorf("redis: read a url of the cluster: %w", err)
		}
		options.Addrs = append(options.Addrs, one.Addr)
		options.Username, options.Password, options.TLSConfig = one.Username, one.Password, shared(one.TLSConfig)
	}
	return options, nil
}

// sentinels with TLS know a server with TLS.
func sentinels(cfg Config) (*goredis.UniversalOptions, error) {
	if cfg.Master == "" {
		return nil, errors.New("redis: sentinels need the name of their master")
	}
	options := &goredis.UniversalOptions{MasterName: cfg.Master, Username: cfg.Username, Password: cfg.Password}
	for _, address := range cfg.Sentinels {
		if !strings.Contains(address, "://") {
			options.Addrs = append(options.Addrs, address)
			continue
		}
		one, err := goredis.ParseURL(address)
		if err != nil {
			return nil, fmt.Errorf("redis: read the url of a sentinel: %w", err)
		}
		options.Addrs = append(options.Addrs, one.Addr)
		options.SentinelUsername, options.SentinelPassword = one.Username, one.Password
		options.DB, options.TLSConfig = one.DB, shared(one.TLSConfig)
	}
	return options, nil
}

// shared makes the settings of one URL good for other hosts too: the name to
// verify is then that of each host that is dialled.
func shared(c *tls.Config) *tls.Config {
	if c != nil {
		c.ServerName = ""
	}
	return c
}

// apply reads the files.
func (t TLS) apply(c *tls.Config) error {
	if t.CA != "" {
		text, err := os.ReadFile(t.CA)
		if err != nil {
			return fmt.Errorf("redis: read the authorities to trust: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return fmt.Errorf("redis: %s holds no certificate", t.CA)
		}
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return fmt.Errorf("redis: read the client's certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return nil
}
