package app

import (
	"fmt"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/core/catalog"
	"github.com/headrace/headrace/core/pluginhost"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

// ref names a configured plugin for the catalog.
func ref(p config.Plugin, dir string) config.PluginRef {
	return config.PluginRef{Name: p.Name, Command: p.Command, Args: p.Args, PluginDir: dir}
}

// slotsOf makes the plugin host's slots of the configured plugins.
func slotsOf(cfg *config.Config, programs *catalog.Catalog) ([]pluginhost.SlotConfig, error) {
	slots := make([]pluginhost.SlotConfig, 0, len(cfg.Plugins))
	for _, p := range cfg.Plugins {
		program, err := programs.Find(ref(p, cfg.Server.PluginDir))
		if err != nil {
			return nil, fmt.Errorf("plugin %q: %w", p.Name, err)
		}
		slot := pluginhost.SlotConfig{
			Name: p.Name, Command: program.Command[0], Args: program.Command[1:], Config: p.Config,
		}
		for _, v := range p.Env {
			if v.Pass {
				slot.Env = append(slot.Env, v.Name)
			} else {
				slot.Env = append(slot.Env, v.Name+"="+v.Value.Reveal())
			}
		}
		slots = append(slots, slot)
	}
	return slots, nil
}

// typesOf makes the registry of task types: the task blocks, with the schemas
// that their plugins declare.
func typesOf(cfg *config.Config, programs *catalog.Catalog) (*tasktype.Registry, error) {
	plugins := map[string]config.Plugin{}
	for _, p := range cfg.Plugins {
		plugins[p.Name] = p
	}
	types := make([]*tasktype.Type, 0, len(cfg.Tasks))
	for _, t := range cfg.Tasks {
		described, err := programs.Full(ref(plugins[t.Plugin], cfg.Server.PluginDir))
		if err != nil {
			return nil, fmt.Errorf("task type %q: %w", t.Name, err)
		}
		settings := settingsOf(t)
		for _, d := range described.TaskTypes {
			if d.Name != t.Runs {
				continue
			}
			settings.Description = d.Description
			if settings.Payload, err = tasktype.CompileSchema(d.PayloadSchema); err != nil {
				return nil, fmt.Errorf("task type %q: payload schema of plugin %q: %w", t.Name, t.Plugin, err)
			}
		}
		if settings.Payload == nil {
			return nil, fmt.Errorf("task type %q: plugin %q has no task type %q", t.Name, t.Plugin, t.Runs)
		}
		typ, err := tasktype.New(settings)
		if err != nil {
			return nil, err
		}
		types = append(types, typ)
	}
	return tasktype.NewRegistry(types)
}

// settingsOf translates one task block.
func settingsOf(t config.Task) tasktype.Settings {
	s := tasktype.Settings{
		Name: t.Name, Runs: t.Runs, Plugin: t.Plugin,
		Concurrency: t.Concurrency, MaxRunning: t.MaxRunning, Timeout: t.Timeout,
		Retry:     tasktype.Retry{Max: t.Retry.Max, Initial: t.Retry.Initial, Cap: t.Retry.Cap},
		OnFailure: task.DeadLetter, CancelGrace: t.CancelGrace, KillOnCancel: t.KillOnCancel,
		Order: tasktype.Order(t.PriorityMode), MaxPayload: t.MaxPayload,
	}
	if t.OnFailure == config.OnFailureFail {
		s.OnFailure = task.Failed
	}
	return s
}
