package config

import "time"

// What a name of a task type or a plugin looks like, so that none breaks a key
// in Redis.
const namePattern = `^[a-z0-9][a-z0-9._-]{0,63}$`

// Bounds that are wide enough for every use we know and still catch a slip of
// the unit.
const (
	minLease       = time.Second // renewed several times within
	maxLease       = 10 * time.Minute
	maxGrace       = time.Hour
	maxTimeout     = 7 * 24 * time.Hour
	maxRetryDelay  = 7 * 24 * time.Hour
	maxRetries     = 1000
	maxConcurrency = 65_536
	maxRunning     = 1_000_000
	// maxPayload is half of what one message to a plugin holds.
	maxPayload = 8 << 20
)

// DefaultBuiltins are the plugins inside the engine's own binary.
func DefaultBuiltins() []string { return []string{"demo", "exec", "http"} }

// Default is the configuration of an empty file.
func Default() *Config {
	return &Config{
		Server: Server{
			Listen:        "127.0.0.1:8080",
			PluginDir:     "plugins",
			Lease:         15 * time.Second,
			ShutdownGrace: 20 * time.Second,
		},
		Redis:  Redis{Prefix: "hr"},
		Limits: Limits{Payload: 1 << 20},
		Audit:  Audit{Level: AuditInfo},
		DeadLetter: DeadLetter{
			MaxSize: 100_000, Retention: 720 * time.Hour, RetryLimit: 3, Backoff: time.Minute, CleanupEvery: 10 * time.Minute,
		},
	}
}

// NewTask is the `task` block called name with nothing but `plugin` inside;
// limits are those of the configuration that it goes into.
func NewTask(name, plugin string, limits Limits) Task {
	return Task{
		Name:         name,
		Plugin:       plugin,
		Runs:         name,
		Concurrency:  64,
		Timeout:      30 * time.Second,
		Retry:        Retry{Max: 5, Initial: time.Second, Cap: 5 * time.Minute},
		OnFailure:    OnFailureDeadLetter,
		CancelGrace:  10 * time.Second,
		PriorityMode: PriorityWeighted,
		MaxPayload:   limits.Payload,
	}
}
