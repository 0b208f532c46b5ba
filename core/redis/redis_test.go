package redis_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/core/testenv/realserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ping opens a client and asks for one answer.
func ping(t *testing.T, cfg redis.Config) error {
	t.Helper()
	c, err := redis.Open(cfg)
	if err != nil {
		return err
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	return c.PingOnce(t.Context())
}

func TestTLSVerifiesTheServerAndShowsACertificate(t *testing.T) {
	t.Parallel()
	ca, other := realserver.NewAuthority(t), realserver.NewAuthority(t)
	s := realserver.Redis(t, realserver.RedisConfig{TLS: ca})
	mine := redis.TLS{CA: ca.CA(), Cert: ca.ClientCert(), Key: ca.ClientKey()}
	if err := ping(t, redis.Config{URL: s.URL, TLS: mine}); err != nil {
		t.Errorf("with the server's authority: %v", err)
	}
	for name, cfg := range map[string]redis.Config{
		"the system's authorities":     {URL: s.URL, TLS: redis.TLS{Cert: mine.Cert, Key: mine.Key}},
		"another authority":            {URL: s.URL, TLS: redis.TLS{CA: other.CA(), Cert: mine.Cert, Key: mine.Key}},
		"no certificate of the client": {URL: s.URL, TLS: redis.TLS{CA: mine.CA}},
		"another host's certificate":   {URL: strings.Replace(s.URL, "127.0.0.1", "localhost", 1), TLS: mine},
		"no TLS":                       {URL: strings.Replace(s.URL, "rediss", "redis", 1), TLS: mine},
		"no such file":                 {URL: s.URL, TLS: redis.TLS{CA: filepath.Join(t.TempDir(), "none")}},
		"a key without its pair":       {URL: s.URL, TLS: redis.TLS{CA: mine.CA, Cert: mine.Cert, Key: other.ClientKey()}},
		"a file without a certificate": {URL: s.URL, TLS: redis.TLS{CA: ca.ClientKey()}},
	} {
		if err := ping(t, cfg); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestASentinelMayBeAURL(t *testing.T) {
	t.Parallel()
	set := realserver.Sentinels(t)
	cfg := redis.Config{Master: realserver.MasterName, Password: set.Master.Password}
	for _, address := range set.Addresses() {
		cfg.Sentinels = append(cfg.Sentinels, "redis://"+address)
	}
	if err := ping(t, cfg); err != nil {
		t.Error(err)
	}
	cfg.Password = "wrong"
	if err := ping(t, cfg); err == nil {
		t.Error("the server takes any password")
	}
}

func TestOpenRefusesWhatNamesNoServer(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]redis.Config{
		"nothing":                    {},
		"a wrong url":                {URL: "http://127.0.0.1"},
		"a wrong url of a cluster":   {URLs: []string{"http://127.0.0.1"}},
		"a wrong url of a sentinel":  {Sentinels: []string{"http://127.0.0.1"}, Master: "m"},
		"sentinels without a master": {Sentinels: []string{"127.0.0.1:1"}},
	} {
		if err := ping(t, cfg); err == nil || redis.Away(err) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
}

func TestAwayTellsAnOutageFromAnAnswer(t *testing.T) {
	t.Parallel()
	s := realserver.Redis(t, realserver.RedisConfig{})
	c, err := redis.Open(redis.Config{URL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	answer := c.Do(t.Context(), "NO-SUCH-COMMAND").Err()
	if answer == nil || redis.Away(answer) {
		t.Errorf("an answer of the server counts as an outage: %v", answer)
	}
	if err := c.PingOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.End(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := c.PingOnce(t.Context()); !redis.Away(err) {
		t.Errorf("a killed server is not away: %v", err)
	}
	for err, want := range map[error]bool{
		fmt.Errorf("pop: %w", io.EOF): true, os.ErrNotExist: false, context.Canceled: false,
		context.DeadlineExceeded: true, goredis.Nil: false, errors.New("x"): false,
	} {
		if redis.Away(err) != want {
			t.Errorf("Away(%v) is %v", err, !want)
		}
	}
}

func TestAnEvictingServerIsToldFromOthers(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]bool{"noeviction": false, "allkeys-lru": true, "volatile-ttl": true} {
		s := realserver.Redis(t, realserver.RedisConfig{Lines: []string{"maxmemory-policy " + policy}})
		c, err := redis.Open(redis.Config{URL: s.URL})
		if err != nil {
			t.Fatal(err)
		}
		got, evicts, err := c.Evicts(t.Context())
		if got != policy || evicts != want || err != nil {
			t.Errorf("%s: %q, evicts %v, %v", policy, got, evicts, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
