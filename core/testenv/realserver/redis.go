package realserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
)

// RedisConfig of a Redis.
type RedisConfig struct {
	// Lines of its configuration file besides address, port, password and folder.
	Lines []string
	// TLS makes it speak TLS only, with a certificate for 127.0.0.1; nil: none.
	TLS *Authority
	// Sentinel makes it a sentinel instead of a server.
	Sentinel bool
	// Password; empty: one of its own. The members of a cluster share one.
	Password string
}

// Redis starts a Redis that keeps nothing on disk, so that a new start of it has
// lost everything.
func Redis(tb testing.TB, cfg RedisConfig) *Server {
	tb.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		tb.Fatal("redis-server is needed on the PATH (Debian: apt-get install redis-server)")
	}
	s := &Server{Dir: folder(tb, "redis"), Password: cfg.Password}
	if s.Password == "" {
		s.Password = newPassword()
	}
	options := &redis.Options{MaxRetries: -1}
	if cfg.TLS != nil {
		options.TLSConfig = cfg.TLS.ClientConfig()
	}
	s.ping = func(ctx context.Context, url string) error { return pingRedis(ctx, url, *options) }
	config := filepath.Join(s.Dir, "redis.conf")
	s.command = func() *exec.Cmd {
		args := []string{config}
		if cfg.Sentinel {
			args = append(args, "--sentinel")
		}
		cmd := exec.Command(binary, args...) //nolint:noctx // End ends it
		cmd.Dir = s.Dir
		return cmd
	}
	return begin(tb, s, syscall.SIGKILL, func() error {
		s.URL = fmt.Sprintf("redis://:%s@127.0.0.1:%d/0", s.Password, s.Port)
		lines := []string{"bind 127.0.0.1", "requirepass " + s.Password, "masterauth " + s.Password, "dir " + s.Dir}
		switch {
		case cfg.Sentinel:
			lines = []string{"bind 127.0.0.1", "dir " + s.Dir, fmt.Sprintf("port %d", s.Port)}
			s.URL = fmt.Sprintf("redis://127.0.0.1:%d", s.Port)
		case cfg.TLS != nil:
			s.URL = "rediss" + strings.TrimPrefix(s.URL, "redis")
			lines = append(lines, "port 0", fmt.Sprintf("tls-port %d", s.Port), "tls-cert-file "+cfg.TLS.ServerCert(),
				"tls-key-file "+cfg.TLS.ServerKey(), "tls-ca-cert-file "+cfg.TLS.CA())
		default:
			lines = append(lines, fmt.Sprintf("port %d", s.Port))
		}
		if !cfg.Sentinel {
			lines = append(lines, `save ""`)
		}
		text := strings.Join(append(lines, cfg.Lines...), "\n") + "\n"
		return os.WriteFile(config, []byte(text), 0o600)
	})
}

// pingRedis asks for one PONG.
func pingRedis(ctx context.Context, url string, base redis.Options) (err error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return err
	}
	options.MaxRetries = base.MaxRetries
	if base.TLSConfig != nil {
		options.TLSConfig = base.TLSConfig
	}
	client := redis.NewClient(options)
	defer func() { err = errors.Join(err, client.Close()) }()
	return client.Ping(ctx).Err()
}
