package pluginhost

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/core/pluginhost/process"
)

// Config of a Host. StateDir and GuardCommand are required.
type Config struct {
	// Slots are the plugins; names must differ.
	Slots []SlotConfig
	// StateDir belongs to this engine alone; sockets live in its folder "run".
	StateDir string
	// GuardCommand is the command line that ends in process.RunGuard, program
	// first and absolute.
	GuardCommand []string
	// Logger takes the host's log and what the plugins print. Default: none.
	Logger hclog.Logger
	// Record is called for each crash of an active generation, from the goroutine
	// that restarts it. Default: nothing.
	Record func(Crash)
	// Limits in time; zero fields get their defaults.
	Limits Limits
}

// Limits are the deadlines and rhythms of the life cycle.
type Limits struct {
	// Handshake is the time from the start of the process to its first line and
	// connection. Default 10 s: go-plugin's minute helps nobody.
	Handshake time.Duration
	// Describe, Open and Health are for one call each. Default 5 s, 10 s, 1 s.
	Describe, Open, Health time.Duration
	// HealthEvery is the pause between health checks, default 5 s; after
	// HealthMisses failed ones in a row, default 3, the process counts as wedged.
	HealthEvery  time.Duration
	HealthMisses int
	// Drain is how long a plugin that stops may finish what it has. Default 5 s,
	// since whoever submits has let running tasks finish before.
	Drain time.Duration
	// Shutdown is the time to end after being asked over gRPC, default 2 s;
	// Terminate after SIGTERM, default 3 s; Reap after SIGKILL, default 2 s.
	Shutdown, Terminate, Reap time.Duration
	// Backoff bounds the wait before a restart: up to Backoff after the first
	// failure, doubling to BackoffMax. Default 1 s and 2 min. A generation that
	// was active for Healthy, default 10 min, starts the count anew.
	Backoff, BackoffMax, Healthy time.Duration
}

// TLSMode says whether the connection to a plugin is encrypted. The private
// socket folder and the kernel's word on who listens protect it in any case.
type TLSMode string

const (
	// TLSAuto encrypts when the plugin can. The default.
	TLSAuto TLSMode = "auto"
	// TLSOn refuses a plugin that cannot.
	TLSOn TLSMode = "on"
	// TLSOff does not offer it.
	TLSOff TLSMode = "off"
)

// SlotConfig is one plugin. Name and Command are required.
type SlotConfig struct {
	Name string
	// Command is the absolute path of the program; Args follow it.
	Command string
	Args    []string
	// Env names variables to pass on, or sets them as NAME=VALUE. Besides these a
	// plugin gets PATH, HOME, TZ and LANG.
	Env []string
	// Config is the plugin block's configuration as a JSON object. Default {}.
	Config json.RawMessage
	// TLS defaults to TLSAuto.
	TLS TLSMode
}

// fill checks the configuration and fills the defaults.
func (c *Config) fill() error {
	if c.StateDir == "" {
		return errors.New("plugin host: StateDir is required")
	}
	if len(c.GuardCommand) == 0 || !filepath.IsAbs(c.GuardCommand[0]) {
		return errors.New("plugin host: GuardCommand needs the absolute path of a program")
	}
	if c.Logger == nil {
		c.Logger = hclog.NewNullLogger()
	}
	if c.Record == nil {
		c.Record = func(Crash) {}
	}
	c.Limits.fill()
	names := map[string]bool{}
	for i := range c.Slots {
		s := &c.Slots[i]
		if err := s.fill(); err != nil {
			return fmt.Errorf("plugin %q: %w", s.Name, err)
		}
		if names[s.Name] {
			return fmt.Errorf("plugin %q is configured twice", s.Name)
		}
		names[s.Name] = true
	}
	return nil
}

func (s *SlotConfig) fill() error {
	if s.Name == "" {
		return errors.New("a name is required")
	}
	if !filepath.IsAbs(s.Command) {
		return fmt.Errorf("the command %q is no absolute path", s.Command)
	}
	if len(s.Config) == 0 {
		s.Config = json.RawMessage("{}")
	}
	if !json.Valid(s.Config) {
		return errors.New("the configuration is no JSON")
	}
	switch s.TLS {
	case "":
		s.TLS = TLSAuto
	case TLSAuto, TLSOn, TLSOff:
	default:
		return fmt.Errorf("transport_tls is %q, must be auto, on or off", s.TLS)
	}
	return process.CheckEnvironment(s.Env)
}

func (l *Limits) fill() {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&l.Handshake, 10 * time.Second},
		{&l.Describe, 5 * time.Second},
		{&l.Open, 10 * time.Second},
		{&l.Health, time.Second},
		{&l.HealthEvery, 5 * time.Second},
		{&l.Drain, 5 * time.Second},
		{&l.Shutdown, 2 * time.Second},
		{&l.Terminate, 3 * time.Second},
		{&l.Reap, 2 * time.Second},
		{&l.Backoff, time.Second},
		{&l.BackoffMax, 2 * time.Minute},
		{&l.Healthy, 10 * time.Minute},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if l.HealthMisses <= 0 {
		l.HealthMisses = 3
	}
}
