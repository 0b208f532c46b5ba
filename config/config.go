package config

import (
	"encoding/json"
	"time"
)

// Config is the effective configuration: what the files say, with defaults
// filled in. Printing it in any way, or encoding it as JSON, hides secrets.
type Config struct {
	Server  Server   `json:"server"`
	Storage Storage  `json:"storage"`
	Redis   Redis    `json:"redis"`
	Plugins []Plugin `json:"plugins"`
	Tasks   []Task   `json:"tasks"`
	// Schedules make tasks by the clock.
	Schedules []Schedule `json:"schedules,omitempty"`
	Limits    Limits     `json:"limits"`
	Audit     Audit      `json:"audit"`
	// DeadLetter is what becomes of tasks that were given up.
	DeadLetter DeadLetter `json:"dead_letter"`
	Archive    Archive    `json:"archive"`

	origin *origin
}

// Server is the `server` block: this node.
type Server struct {
	// Listen is the address of the API and the console, host:port.
	Listen string `json:"listen"`
	// Name of the node; empty: the engine takes the host's name.
	Name string `json:"name"`
	// PluginDir is where a plugin's command is looked up. A relative one is
	// joined to the folder of the configuration.
	PluginDir string `json:"plugin_dir"`
	// Lease is how long a node that says nothing keeps its work.
	Lease time.Duration `json:"lease"`
	// ShutdownGrace is how long SIGTERM waits for what runs.
	ShutdownGrace time.Duration `json:"shutdown_grace"`
	Place         Place         `json:"-"`
}

// StorageKind says where tasks are stored.
type StorageKind string

// The kinds of storage; none means that no `storage` block was there.
const (
	StorageNone     StorageKind = ""
	StoragePostgres StorageKind = "postgres"
	StorageSQLite   StorageKind = "sqlite"
)

// Storage is the `storage` block.
type Storage struct {
	Kind StorageKind `json:"kind"`
	// URL of PostgreSQL: postgres://… or libpq's key=value form.
	URL Secret `json:"url,omitempty"`
	// Path of the SQLite file. A relative one is joined to the folder of the
	// configuration.
	Path  string `json:"path,omitempty"`
	Place Place  `json:"-"`
}

// RedisKind says how Redis is reached.
type RedisKind string

// The kinds of Redis; none means that no `redis` block was there.
const (
	RedisNone     RedisKind = ""
	RedisSingle   RedisKind = "single"
	RedisCluster  RedisKind = "cluster"
	RedisSentinel RedisKind = "sentinel"
	RedisEmbedded RedisKind = "embedded"
)

// Redis is the `redis` block.
type Redis struct {
	Kind RedisKind `json:"kind"`
	// URLs are one for a single server, some nodes of a cluster, or the
	// sentinels (host:port or a URL).
	URLs []Secret `json:"urls,omitempty"`
	// Master is the name that the sentinels know the server by.
	Master string `json:"master,omitempty"`
	// Username and Password are for the server behind sentinels, whose URLs hold
	// the sentinels' own.
	Username string `json:"username,omitempty"`
	Password Secret `json:"password,omitempty"`
	// TLS says whom to trust and what to show where a URL has the scheme rediss.
	TLS RedisTLS `json:"tls,omitzero"`
	// Prefix of every key.
	Prefix string `json:"prefix"`
	Place  Place  `json:"-"`
}

// RedisTLS is the `tls` block of the `redis` block: paths of PEM files.
type RedisTLS struct {
	// CA holds the authorities to trust; empty: those of the system.
	CA string `json:"ca,omitempty"`
	// Cert and Key are what this node shows; empty: nothing.
	Cert string `json:"cert,omitempty"`
	Key  string `json:"key,omitempty"`
}

// Plugin is one `plugin` block, or a built-in plugin that a task names without
// one (Implied).
type Plugin struct {
	Name string `json:"name"`
	// Command is a file name in plugin_dir or an absolute path; empty: the
	// built-in plugin called Name.
	Command string `json:"command"`
	// Args follow the command.
	Args []string `json:"args,omitempty"`
	// Env is all of the environment that the process gets from here.
	Env []EnvVar `json:"env,omitempty"`
	// Config is the `config` block as a JSON object, checked against the
	// plugin's schema, with the schema's defaults filled in. It holds secrets
	// in clear.
	Config json.RawMessage `json:"config,omitempty"`
	// Implied: no block in the files; a task named a built-in.
	Implied bool `json:"-"`
	// Place knows ("config", "NAME", …) too: see Place.Of.
	Place Place `json:"-"`

	// shown is Config with its secrets masked; origin masks the rest.
	shown  json.RawMessage
	origin *origin
}

// Builtin tells whether the plugin is inside the engine's own binary.
func (p Plugin) Builtin() bool { return p.Command == "" }

// EnvVar is one entry of a plugin's `env`.
type EnvVar struct {
	Name string `json:"name"`
	// Value is set for NAME=VALUE.
	Value Secret `json:"value,omitempty"`
	// Pass: only NAME was given; the engine's own value is handed on.
	Pass bool `json:"pass,omitempty"`
}

// Retry says when a failed attempt is tried again: after Initial, doubled each
// time up to Cap, with full jitter.
type Retry struct {
	// Max is how often; 0: never.
	Max     int           `json:"max"`
	Initial time.Duration `json:"initial"`
	Cap     time.Duration `json:"cap"`
}

// What becomes of a task whose retries are used up.
const (
	OnFailureDeadLetter = "dead_letter"
	OnFailureFail       = "fail"
)

// How priorities share the workers.
const (
	PriorityWeighted = "weighted"
	PriorityStrict   = "strict"
)

// Task is one `task` block.
type Task struct {
	// Name is the type that callers submit.
	Name string `json:"name"`
	// Plugin that runs it; empty only when Load was given no Schemas and the
	// file does not say.
	Plugin string `json:"plugin"`
	// Runs is the plugin's name for the type.
	Runs string `json:"runs"`
	// Concurrency is the most attempts at a time on one node.
	Concurrency int `json:"concurrency"`
	// MaxRunning is the most attempts at a time on all nodes together; 0: no limit.
	MaxRunning int `json:"max_running,omitempty"`
	// Timeout of one attempt.
	Timeout time.Duration `json:"timeout"`
	Retry   Retry         `json:"retry"`
	// RateLimit of starts on all nodes; nil: none.
	RateLimit *RateLimit `json:"rate_limit,omitempty"`
	// CircuitBreaker on all nodes; nil: none.
	CircuitBreaker *CircuitBreaker `json:"circuit_breaker,omitempty"`
	// OnFailure is OnFailureDeadLetter or OnFailureFail.
	OnFailure string `json:"on_failure"`
	// CancelGrace is how long a cancelled attempt may take to end; 0: none.
	CancelGrace time.Duration `json:"cancel_grace"`
	// KillOnCancel ends the plugin's process when the grace is over.
	KillOnCancel bool `json:"kill_on_cancel"`
	// PriorityMode is PriorityWeighted or PriorityStrict.
	PriorityMode string `json:"priority_mode"`
	// MaxPayload in bytes; Limits.Payload unless the block says otherwise.
	MaxPayload int   `json:"max_payload"`
	Place      Place `json:"-"`
}

// Limits is the `limits` block.
type Limits struct {
	// Payload is the largest payload in bytes.
	Payload int   `json:"payload"`
	Place   Place `json:"-"`
}

// The levels of the audit log.
const (
	AuditInfo  = "info"
	AuditDebug = "debug"
)

// Audit is the `audit` block.
type Audit struct {
	// Level is AuditInfo or AuditDebug; debug adds task.started.
	Level string `json:"level"`
	Place Place  `json:"-"`
}
