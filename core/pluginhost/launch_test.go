package pluginhost

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFailedStartSaysWhy(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "script")
	for name, c := range map[string]struct {
		faults string
		change func(*Config)
		stage  Stage
		wants  []string
	}{
		"exits at once":          {"exit-at-once", nil, StageHandshake, []string{"before the handshake", "exit status 3", `cannot find my\x1b[31m library`}},
		"prints before":          {"stray-line", nil, StageHandshake, []string{`printed "hello from a library"`}},
		"says nothing":           {"silent", short, StageHandshake, []string{"no handshake within 500ms"}},
		"dies in open":           {"die-in-open", nil, StageOpen, []string{"exit status 4", "open: no such database"}},
		"refuses its config":     {"refuse-config", configured, StageOpen, []string{"refuses its configuration", `config.dial.port: is {"port":0}`}},
		"bad description":        {"bad-name", nil, StageDescribe, []string{`"No Name"`}},
		"stopped while starting": {"stop-in-describe", short, StageDescribe, []string{"not done within 500ms"}},
		"somebody else's socket": {"foreign", nil, StageHandshake, []string{"not in the plugin's process group"}},
		"no such file":           {"", command("/nowhere/plugin"), StageStart, []string{"/nowhere/plugin"}},
		"no program":             {"", command(script), StageStart, []string{"is it a program"}},
		"a folder":               {"", command("/tmp"), StageStart, []string{"no regular file"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := os.WriteFile(script, []byte("no program\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			r := start(t, c.faults, func(cfg *Config) {
				cfg.Limits.Backoff, cfg.Limits.BackoffMax = time.Hour, time.Hour
				if c.change != nil {
					c.change(cfg)
				}
			})
			var failed *StartError
			s := r.status()
			if !errors.As(s.LastError, &failed) {
				t.Fatalf("last error %v", s.LastError)
			}
			for _, want := range c.wants {
				if !strings.Contains(failed.Error(), want) {
					t.Errorf("%q lacks %q", failed.Error(), want)
				}
			}
			if failed.Stage != c.stage || s.State != StateFailed || s.PID != 0 || r.Active("fake") {
				t.Errorf("stage %s, status %+v", failed.Stage, s)
			}
		})
	}
}

func short(c *Config) {
	c.Limits.Handshake, c.Limits.Describe = 500*time.Millisecond, 500*time.Millisecond
	if strings.Contains(c.Slots[0].Env[0], "describe") {
		c.Limits.Handshake = 10 * time.Second
	}
}

func configured(c *Config) { c.Slots[0].Config = []byte(`{"port":0}`) }

func command(path string) func(*Config) { return func(c *Config) { c.Slots[0].Command = path } }

func TestFailedStartIsTriedAgain(t *testing.T) {
	t.Parallel()
	r := start(t, "exit-at-once")
	eventually(t, "three restarts", func() bool { return r.status().Restarts >= 3 })
	if len(r.crashes) != 0 {
		t.Error("a start that failed was recorded as a crash")
	}
}

func TestEndOfRunInterruptsAStart(t *testing.T) {
	t.Parallel()
	host, err := New(Config{
		Slots:        []SlotConfig{{Name: "fake", Command: self(t), Env: fakeEnvironment("silent")}},
		StateDir:     t.TempDir(),
		GuardCommand: []string{self(t), guardArgument},
		Limits:       Limits{Handshake: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := runFor(t, host, func() {
		eventually(t, "a process", func() bool { return host.slots["fake"].process() != 0 })
	})
	if ended != nil {
		t.Error(ended)
	}
}

func TestPluginsOfAllKindsStart(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"wrapper", "sdk", "long-line"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := start(t, kind, func(c *Config) { c.Slots[0].TLS = TLSAuto })
			if !r.Active("fake") {
				t.Fatal(r.status().LastError)
			}
			for _, o := range r.await(r.submit("echo", "echo")) {
				if o.Kind != Completed || string(o.Result) != `"echo"` {
					t.Errorf("outcome %+v", o)
				}
			}
			pid := r.status().PID
			r.stop()
			if alive(pid) {
				t.Error("it lives on")
			}
		})
	}
}

func TestTLSModes(t *testing.T) {
	t.Parallel()
	for _, mode := range []TLSMode{TLSAuto, TLSOn, TLSOff} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			r := start(t, "", func(c *Config) { c.Slots[0].TLS = mode })
			if o := r.await(r.submit("echo"))[0]; o.Kind != Completed {
				t.Errorf("outcome %+v", o)
			}
		})
	}
}

func TestConfigRefusesNonsense(t *testing.T) {
	t.Parallel()
	good := func() Config {
		return Config{StateDir: "/x", GuardCommand: []string{"/guard"}, Slots: []SlotConfig{{Name: "a", Command: "/a"}}}
	}
	for want, spoil := range map[string]func(*Config){
		"StateDir":         func(c *Config) { c.StateDir = "" },
		"GuardCommand":     func(c *Config) { c.GuardCommand = []string{"guard"} },
		"name is required": func(c *Config) { c.Slots[0].Name = "" },
		"absolute":         func(c *Config) { c.Slots[0].Command = "a" },
		"twice":            func(c *Config) { c.Slots = append(c.Slots, c.Slots[0]) },
		"no JSON":          func(c *Config) { c.Slots[0].Config = []byte("{") },
		"transport_tls":    func(c *Config) { c.Slots[0].TLS = "maybe" },
		"handshake":        func(c *Config) { c.Slots[0].Env = []string{"PLUGIN_MIN_PORT=1"} },
		"environment":      func(c *Config) { c.Slots[0].Env = []string{"=x"} },
	} {
		cfg := good()
		if _, err := New(cfg); err != nil {
			t.Fatal(err)
		}
		spoil(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
