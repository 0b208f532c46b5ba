package config_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headrace/headrace/config"
)

func load(t *testing.T, source string) *config.Config {
	t.Helper()
	return loadWith(t, source, nil)
}

func loadWith(t *testing.T, source string, env map[string]string) *config.Config {
	t.Helper()
	cfg, diags := config.LoadSource("t.hcl", []byte(source), "conf", config.Options{
		Schemas:   plugins(),
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// The defaults of contract.md, section Configuration, attribute by attribute.
func TestDefaultsAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	cfg := load(t, "server {\n}\nredis {\n embedded = true\n}\nlimits {\n}\naudit {\n}\ntask \"demo.fail\" {\n}")
	task := cfg.Tasks[0]
	for name, c := range map[string]struct{ got, want any }{
		"server.listen":         {cfg.Server.Listen, "127.0.0.1:8080"},
		"server.name":           {cfg.Server.Name, ""},
		"server.plugin_dir":     {cfg.Server.PluginDir, "conf/plugins"},
		"server.lease":          {cfg.Server.Lease, 15 * time.Second},
		"server.shutdown_grace": {cfg.Server.ShutdownGrace, 20 * time.Second},
		"redis.prefix":          {cfg.Redis.Prefix, "hr"},
		"limits.payload":        {cfg.Limits.Payload, 1048576},
		"audit.level":           {cfg.Audit.Level, "info"},
		"plugin.command":        {cfg.Plugins[0].Command, ""},
		"task.plugin":           {task.Plugin, "demo"},
		"task.runs":             {task.Runs, "demo.fail"},
		"task.concurrency":      {task.Concurrency, 64},
		"task.timeout":          {task.Timeout, 30 * time.Second},
		"task.retry.max":        {task.Retry.Max, 5},
		"task.retry.initial":    {task.Retry.Initial, time.Second},
		"task.retry.cap":        {task.Retry.Cap, 5 * time.Minute},
		"task.on_failure":       {task.OnFailure, "dead_letter"},
		"task.cancel_grace":     {task.CancelGrace, 10 * time.Second},
		"task.kill_on_cancel":   {task.KillOnCancel, false},
		"task.priority_mode":    {task.PriorityMode, "weighted"},
		"task.max_payload":      {task.MaxPayload, 1048576},
	} {
		if c.got != c.want {
			t.Errorf("%s is %v, want %v", name, c.got, c.want)
		}
	}
}

func TestAnEmptyBlockIsTheSameAsNewTask(t *testing.T) {
	t.Parallel()
	cfg := load(t, "limits {\n payload = 7\n}\ntask \"demo.fail\" {\n}")
	want := config.NewTask("demo.fail", "demo", cfg.Limits)
	if diff := cmp.Diff(want, cfg.Tasks[0], cmpopts.IgnoreTypes(config.Place{})); diff != "" {
		t.Error(diff)
	}
	if cfg.Tasks[0].MaxPayload != 7 {
		t.Errorf("max_payload is %d, want that of limits", cfg.Tasks[0].MaxPayload)
	}
}

func TestRelativePathsStartBesideTheFile(t *testing.T) {
	t.Parallel()
	cfg := load(t, "server {\n plugin_dir = \"../bin\"\n}\nstorage \"sqlite\" {\n path = \"data/x.db\"\n}")
	if cfg.Server.PluginDir != "bin" || cfg.Storage.Path != "conf/data/x.db" {
		t.Errorf("plugin_dir %q, path %q", cfg.Server.PluginDir, cfg.Storage.Path)
	}
}
