package testenv

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// cleanupTimeout bounds what a clean-up may take; it runs when the test's own context has ended.
const cleanupTimeout = 30 * time.Second

// scanBatch is how many keys one SCAN looks at, and about how many one UNLINK removes.
const scanBatch = 1000

// Redis returns the URL of the Redis server for tests. All tests share it: keep to the keys under a
// Prefix, and do not flush it.
func Redis(tb testing.TB) string {
	tb.Helper()
	return require(tb, RedisVar)
}

// Prefix returns a key prefix that no other test has, in the form of the prefix attribute of the
// redis block: without a colon at its end. All keys that start with it are removed after the test.
func Prefix(tb testing.TB) string {
	tb.Helper()
	url := Redis(tb)
	prefix := "hrtest-" + strings.ToLower(rand.Text())
	tb.Cleanup(func() {
		if err := removeKeys(context.WithoutCancel(tb.Context()), url, prefix); err != nil {
			tb.Errorf("remove the keys under %s: %v", prefix, err)
		}
	})
	return prefix
}

// removeKeys deletes every key that starts with the prefix.
func removeKeys(ctx context.Context, url, prefix string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, cleanupTimeout)
	defer cancel()
	options, err := redis.ParseURL(url)
	if err != nil {
		return err
	}
	client := redis.NewClient(options)
	defer func() { err = joinClose(err, client.Close()) }()

	var cursor uint64
	for {
		keys, next, err := client.Scan(ctx, cursor, prefix+"*", scanBatch).Result()
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			if err := client.Unlink(ctx, keys...).Err(); err != nil {
				return err
			}
		}
		if next == 0 {
			return nil
		}
		cursor = next
	}
}
