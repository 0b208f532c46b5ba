package realserver

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// MasterName is the name by which the sentinels know their server.
const MasterName = "headrace"

// SentinelSet is a server with a replica, and the sentinels that watch both.
type SentinelSet struct {
	Master, Replica *Server
	Sentinels       []*Server
}

// Sentinels starts a server, a replica and three sentinels, and returns when a
// failover could succeed.
func Sentinels(tb testing.TB) *SentinelSet {
	tb.Helper()
	password := newPassword()
	set := &SentinelSet{Master: Redis(tb, RedisConfig{Password: password, Lines: []string{"repl-diskless-sync-delay 0"}})}
	set.Replica = Redis(tb, RedisConfig{Password: password, Lines: []string{fmt.Sprintf("replicaof 127.0.0.1 %d", set.Master.Port)}})
	for range 3 {
		set.Sentinels = append(set.Sentinels, Redis(tb, RedisConfig{Sentinel: true, Lines: []string{
			fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d 2", MasterName, set.Master.Port),
			fmt.Sprintf("sentinel auth-pass %s %s", MasterName, password),
			fmt.Sprintf("sentinel down-after-milliseconds %s 500", MasterName),
			fmt.Sprintf("sentinel failover-timeout %s 5000", MasterName),
		}}))
	}
	ctx, cancel := context.WithTimeout(tb.Context(), formLimit)
	defer cancel()
	err := set.Replica.until(ctx, func(c *redis.Client) error { return inSync(ctx, c) })
	for _, s := range set.Sentinels {
		if err == nil {
			err = s.until(ctx, func(c *redis.Client) error { return watches(ctx, c) })
		}
	}
	if err != nil {
		tb.Fatalf("form a set with sentinels: %v", err)
	}
	return set
}

// inSync tells whether a replica has the data of its server.
func inSync(ctx context.Context, c *redis.Client) error {
	info, err := c.Info(ctx, "replication").Result()
	if err == nil && !strings.Contains(info, "master_link_status:up") {
		err = fmt.Errorf("not in sync: %s", info)
	}
	return err
}

// watches tells whether a sentinel knows the replica and the other sentinels.
func watches(ctx context.Context, c *redis.Client) error {
	info, err := c.Info(ctx, "sentinel").Result()
	if err == nil && !strings.Contains(info, "status=ok") {
		err = fmt.Errorf("does not watch: %s", info)
	}
	if err == nil && !strings.Contains(info, "slaves=1,sentinels=3") {
		err = fmt.Errorf("does not know all: %s", info)
	}
	return err
}

// Addresses are host:port of the sentinels.
func (s *SentinelSet) Addresses() []string {
	list := make([]string, len(s.Sentinels))
	for i, one := range s.Sentinels {
		list[i] = fmt.Sprintf("127.0.0.1:%d", one.Port)
	}
	return list
}
