package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// redisName is Redis in arguments, messages and file names.
const redisName = "redis"

// startRedis starts a Redis that keeps nothing on disk.
func startRedis(ctx context.Context, run *run, binary string) (server, error) {
	return onFreePort(run, redisName, func(port int) (*child, error) {
		return startRedisAt(ctx, run, binary, port)
	})
}

func startRedisAt(ctx context.Context, run *run, binary string, port int) (*child, error) {
	password := newPassword()
	// The password is in a file since every user can read the arguments of a process.
	config := filepath.Join(run.dir, "redis.conf")
	text := fmt.Sprintf("bind 127.0.0.1\nport %d\nrequirepass %s\ndir %s\nsave \"\"\nappendonly no\n",
		port, password, run.dir)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, config) //nolint:noctx // stop ends it
	cmd.Dir = run.dir
	c, err := startChild(run, redisName, cmd, syscall.SIGTERM, syscall.SIGKILL)
	if err != nil {
		return nil, err
	}
	c.address = fmt.Sprintf("redis://:%s@127.0.0.1:%d/0", password, port)
	if err := awaitRedis(ctx, c); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// awaitRedis waits until the server answers with the password.
func awaitRedis(ctx context.Context, c *child) error {
	return c.await(ctx, func(ctx context.Context) error { return pingRedis(ctx, c.address) })
}

// pingRedis asks for one PONG.
func pingRedis(ctx context.Context, url string) (err error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return err
	}
	options.MaxRetries = -1 // none: the caller tries again
	client := redis.NewClient(options)
	defer func() { err = errors.Join(err, client.Close()) }()
	return client.Ping(ctx).Err()
}
