package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// machine is what a run was measured on.
type machine struct {
	When     time.Time `json:"when"`
	CPU      string    `json:"cpu"`
	Cores    int       `json:"cores"`
	Kernel   string    `json:"kernel"`
	Go       string    `json:"go"`
	Postgres string    `json:"postgres"`
	Redis    string    `json:"redis"`
	// RedisPersistence is Redis' appendfsync; the append-only file itself is always on.
	RedisPersistence string            `json:"redis_appendfsync"`
	PostgresFsync    string            `json:"postgres_fsync"`
	Revision         string            `json:"revision,omitempty"` // of Headrace
	Modules          map[string]string `json:"modules"`
}

// describeMachine collects the facts.
func describeMachine(ctx context.Context, s *services, revision string) (machine, error) {
	m := machine{
		When: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU(), Go: runtime.Version(),
		Revision: revision, Modules: modules(),
	}
	cpu, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return m, err
	}
	m.CPU = cpuModel(string(cpu))
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return m, err
	}
	m.Kernel = strings.TrimSpace(string(kernel))
	err = s.admin.QueryRow(ctx, "SELECT current_setting('server_version'), current_setting('fsync')").Scan(&m.Postgres, &m.PostgresFsync)
	if err != nil {
		return m, err
	}
	info, err := s.redis.Info(ctx, "server").Result()
	if err != nil {
		return m, err
	}
	m.Redis = infoField(info, "redis_version")
	policy, err := s.redis.ConfigGet(ctx, "appendfsync").Result()
	m.RedisPersistence = policy["appendfsync"]
	return m, err
}

// cpuModel reads the first model name of /proc/cpuinfo.
func cpuModel(text string) string {
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown, " + runtime.GOARCH
}

// modules are the versions of what is compared, and of the clients in between.
func modules() map[string]string {
	versions := map[string]string{}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return versions
	}
	for _, module := range info.Deps {
		switch module.Path {
		case "github.com/hibiken/asynq", "github.com/riverqueue/river", "github.com/jackc/pgx/v5", "github.com/redis/go-redis/v9":
			versions[module.Path] = module.Version
		}
	}
	return versions
}
