package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"
)

// neverEvicts is the maxmemory-policy that keeps every key.
const neverEvicts = "noeviction"

// oldestServer is the first version of Redis that the engine is meant for, major
// and minor: scripts that read the clock and then write need 5.0, and 6.2 is the
// oldest line that is in use.
var oldestServer = [2]int{6, 2}

// Evicts tells whether the server may throw keys away when its memory is full.
// An engine still loses no task with such a server, but it would rebuild its
// queues again and again. Of a cluster it asks every master, and names the policy
// of one that evicts. A server that hides its policy is taken at its word.
func (c *Client) Evicts(ctx context.Context) (policy string, evicts bool, err error) {
	var mu sync.Mutex
	err = c.eachServer(ctx, func(ctx context.Context, server goredis.Cmdable) error {
		one, err := policyOf(ctx, server)
		mu.Lock()
		defer mu.Unlock()
		if policy == "" || policy == neverEvicts {
			policy = one
		}
		return err
	})
	if err != nil {
		return "", false, fmt.Errorf("redis: read maxmemory-policy: %w", err)
	}
	return policy, policy != "" && policy != neverEvicts, nil
}

func policyOf(ctx context.Context, server goredis.Cmdable) (string, error) {
	answer, err := server.ConfigGet(ctx, "maxmemory-policy").Result()
	if _, refused := errors.AsType[goredis.Error](err); refused {
		return "", nil // managed servers often do
	}
	return answer["maxmemory-policy"], err
}

// VersionError says that a server is too old.
type VersionError struct {
	// Version is what the server says of itself.
	Version string
}

// Error says what is needed.
func (e *VersionError) Error() string {
	return fmt.Sprintf("the server is Redis %s, Headrace needs %d.%d or later", e.Version, oldestServer[0], oldestServer[1])
}

// Version is what the server says of itself, of a cluster one of the oldest; a
// *VersionError: it is too old.
func (c *Client) Version(ctx context.Context) (version string, err error) {
	var mu sync.Mutex
	err = c.eachServer(ctx, func(ctx context.Context, server goredis.Cmdable) error {
		info, err := server.Info(ctx, "server").Result()
		mu.Lock()
		defer mu.Unlock()
		if one := field(info, "redis_version"); version == "" || before(one, version) {
			version = one
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("redis: read the version: %w", err)
	}
	if before(version, fmt.Sprintf("%d.%d", oldestServer[0], oldestServer[1])) {
		return version, &VersionError{Version: version}
	}
	return version, nil
}

// eachServer calls do for the server, or for each master of a cluster, those side
// by side.
func (c *Client) eachServer(ctx context.Context, do func(context.Context, goredis.Cmdable) error) error {
	cluster, ok := c.UniversalClient.(*goredis.ClusterClient)
	if !ok {
		return do(ctx, c.UniversalClient)
	}
	return cluster.ForEachMaster(ctx, func(ctx context.Context, master *goredis.Client) error { return do(ctx, master) })
}

// field finds the value of NAME:VALUE in an answer to INFO.
func field(info, name string) string {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// before compares versions by major and minor; what is no number counts as 0.
func before(a, b string) bool {
	x, y := majorMinor(a), majorMinor(b)
	return x[0] < y[0] || x[0] == y[0] && x[1] < y[1]
}

func majorMinor(version string) (parts [2]int) {
	for i, text := range strings.SplitN(version, ".", 3) {
		if i == len(parts) {
			break
		}
		if n, err := strconv.Atoi(text); err == nil {
			parts[i] = n
		}
	}
	return parts
}
