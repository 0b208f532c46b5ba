package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/core/app"
	"github.com/headrace/headrace/core/catalog"
	"github.com/headrace/headrace/core/store/sqlite"
	"github.com/headrace/headrace/plugins/task-demo/demo"
)

func devCommand() *cli.Command {
	return &cli.Command{
		Name: "dev", Usage: "runs everything in one process, with nothing to install",
		Description: `The tasks are stored with SQLite in a folder that survives restarts, Redis is
embedded, and the built-in plugin "demo" has the task types demo.echo, demo.sleep
and demo.fail. The schema is brought up to date by itself. What to try is printed.

-config adds task types and plugins of one's own. What its storage and redis blocks
name is used in place of SQLite in the data folder and the embedded Redis, its
server block holds too, and each demo.* type that the file lacks is added.

The key is HEADRACE_TOKEN when that is set (16 to 200 characters). Else it is made
once and kept in the data folder, in the file "token".

SIGINT (Ctrl-C) and SIGTERM drain and end with 0; a second one ends at once, with
130 or 143.`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "listen", DefaultText: "that of the file, or 127.0.0.1:8080", Usage: "listen on `ADDR`, host:port"},
			&cli.StringFlag{Name: "data", DefaultText: "$XDG_DATA_HOME/headrace, or ~/.local/share/headrace", Usage: "keep the data in `DIR`"},
			configFlag(false), varFlag(),
		}, logFlags()...),
		Action: dev,
	}
}

func dev(ctx context.Context, cmd *cli.Command) error {
	if _, err := arguments(cmd); err != nil {
		return err
	}
	log, err := newLogger(cmd, hclog.Info)
	if err != nil {
		return err
	}
	programs, err := newCatalog()
	if err != nil {
		return err
	}
	cfg, err := devConfig(cmd, programs) //nolint:contextcheck // loading asks plugins, within a time limit of its own
	if err != nil {
		return err
	}
	data, err := openData(cmd.String("data"))
	if err != nil {
		return err
	}
	token, err := data.token(os.Getenv(envToken))
	if err != nil {
		return err
	}
	embed(cfg, data)
	if err := app.Migrate(ctx, cfg.Storage); err != nil {
		return explainLock(err)
	}
	n := node{cfg: cfg, programs: programs, token: token, log: log, announce: func(addr net.Addr) error {
		return welcome(cmd, baseURL(addr), token, data)
	}}
	return explainLock(n.run(ctx))
}

// devConfig is the file's configuration, or an empty one, with the demo's types.
func devConfig(cmd *cli.Command, programs *catalog.Catalog) (*config.Config, error) {
	opts, err := loadOptions(cmd, programs)
	if err != nil {
		return nil, err
	}
	load := func() (*config.Config, config.Diagnostics) { return config.LoadSource("dev", nil, "", opts) }
	if path := cmd.String("config"); path != "" {
		load = func() (*config.Config, config.Diagnostics) { return config.Load(path, opts) }
	}
	cfg, diags := load()
	if err := diags.Err(); err != nil {
		return nil, err
	}
	if listen := cmd.String("listen"); listen != "" {
		if _, _, err := net.SplitHostPort(listen); err != nil {
			return nil, usageErrorf(cmd, "-listen %q must be host:port, such as 127.0.0.1:8080", listen)
		}
		cfg.Server.Listen = listen
	}
	return cfg, addDemo(cfg, programs)
}

// addDemo adds a task block for each type of the plugin "demo" that the
// configuration lacks. A plugin of that name in the configuration is the one that
// is asked; only its types called demo.* are added.
func addDemo(cfg *config.Config, programs *catalog.Catalog) error {
	ref := config.PluginRef{Name: demo.Name, PluginDir: cfg.Server.PluginDir}
	declared := false
	for _, p := range cfg.Plugins {
		if p.Name == demo.Name {
			declared, ref.Command, ref.Args = true, p.Command, p.Args
		}
	}
	description, err := programs.Describe(ref)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, t := range cfg.Tasks {
		there[t.Name] = true
	}
	for _, t := range description.TaskTypes {
		if !strings.HasPrefix(t.Name, demo.Name+".") || there[t.Name] {
			continue
		}
		cfg.Tasks = append(cfg.Tasks, config.NewTask(t.Name, demo.Name, cfg.Limits))
		if !declared {
			cfg.Plugins = append(cfg.Plugins, config.Plugin{Name: demo.Name, Implied: true})
			declared = true
		}
	}
	return nil
}

// embed fills in what dev brings along where the file names nothing else.
func embed(cfg *config.Config, data dataDir) {
	if cfg.Storage.Kind == config.StorageNone {
		cfg.Storage = config.Storage{Kind: config.StorageSQLite, Path: filepath.Join(string(data), "headrace.db")}
	}
	if cfg.Redis.Kind == config.RedisNone {
		cfg.Redis.Kind = config.RedisEmbedded
	}
}

// explainLock says what to do when another dev works with the same data.
func explainLock(err error) error {
	if _, locked := errors.AsType[*sqlite.LockedError](err); !locked {
		return err
	}
	return fmt.Errorf("%w; or give this one a folder of its own: -data DIR", err)
}

// welcome tells a newcomer what there is and what to try.
func welcome(cmd *cli.Command, address, token string, data dataDir) error {
	self := shellWord(os.Args[0])
	return printf(cmd, `Headrace is ready.

  address  %[1]s
  key      %[2]s
  data     %[3]s

Try it from another terminal:

  export %[4]s=%[1]s %[5]s=%[6]s
  %[7]s task submit -payload '{"hello": "world"}' -wait demo.echo
  %[7]s task list

Ctrl-C stops it.
`, address, token, data, envAddr, envToken, shellWord(token), self)
}
