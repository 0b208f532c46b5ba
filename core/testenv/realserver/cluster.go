package realserver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	clusterMasters = 3
	clusterSlots   = 16384
	// formLimit bounds the time until the servers of a cluster agree.
	formLimit = time.Minute
)

// Cluster starts a Redis Cluster of three masters, each with a replica.
func Cluster(tb testing.TB) []*Server {
	tb.Helper()
	servers := make([]*Server, 2*clusterMasters)
	password := newPassword()
	for i := range servers {
		bus, err := FreePort()
		if err != nil {
			tb.Fatal(err)
		}
		servers[i] = Redis(tb, RedisConfig{Password: password, Lines: []string{
			"cluster-enabled yes", "cluster-node-timeout 2000", fmt.Sprintf("cluster-port %d", bus),
		}})
		servers[i].bus = bus
	}
	if err := formCluster(tb.Context(), servers); err != nil {
		tb.Fatalf("form a cluster: %v", err)
	}
	return servers
}

// formCluster introduces the servers to each other and shares the slots.
func formCluster(ctx context.Context, servers []*Server) error {
	ctx, cancel := context.WithTimeout(ctx, formLimit)
	defer cancel()
	ids := make([]string, clusterMasters)
	for i := range clusterMasters {
		from, to := i*clusterSlots/clusterMasters, (i+1)*clusterSlots/clusterMasters-1
		err := servers[i].with(func(c *redis.Client) (err error) {
			if ids[i], err = c.Do(ctx, "CLUSTER", "MYID").Text(); err != nil {
				return err
			}
			return c.ClusterAddSlotsRange(ctx, from, to).Err()
		})
		if err != nil {
			return err
		}
	}
	err := servers[0].with(func(c *redis.Client) error {
		for _, other := range servers[1:] {
			if err := c.Do(ctx, "CLUSTER", "MEET", "127.0.0.1", other.Port, other.bus).Err(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, replica := range servers[clusterMasters:] {
		if err := replica.until(ctx, func(c *redis.Client) error { return c.ClusterReplicate(ctx, ids[i]).Err() }); err != nil {
			return err
		}
	}
	for _, s := range servers {
		if err := s.until(ctx, func(c *redis.Client) error { return whole(ctx, c, len(servers)) }); err != nil {
			return err
		}
	}
	return nil
}

// whole tells whether a server thinks that the cluster works and knows all of it.
func whole(ctx context.Context, c *redis.Client, size int) error {
	info, err := c.ClusterInfo(ctx).Result()
	if err != nil {
		return err
	}
	if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", size)) {
		return errors.New(info)
	}
	nodes, err := c.ClusterNodes(ctx).Result()
	if err == nil && strings.Count(nodes, " connected ")+strings.Count(nodes, " connected\n") < size {
		err = errors.New(nodes)
	}
	return err
}

// with runs do with a client of this one server.
func (s *Server) with(do func(*redis.Client) error) (err error) {
	options, err := redis.ParseURL(s.URL)
	if err != nil {
		return err
	}
	client := redis.NewClient(options)
	defer func() { err = errors.Join(err, client.Close()) }()
	return do(client)
}

// until repeats do until it succeeds or ctx ends.
func (s *Server) until(ctx context.Context, do func(*redis.Client) error) error {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	return s.with(func(c *redis.Client) error {
		for {
			err := do(c)
			if err == nil {
				return nil
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return errors.Join(ctx.Err(), err)
			}
		}
	})
}
