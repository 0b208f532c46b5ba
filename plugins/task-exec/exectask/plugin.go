package exectask

import (
	"context"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/headrace/headrace/sdk"
	"github.com/headrace/headrace/sdk/process"
)

// Name is the plugin's name in the configuration.
const Name = "exec"

// Config is the plugin's config block.
type Config struct {
	// Commands are the programs that tasks may run: name to absolute path.
	Commands map[string]string `json:"commands" description:"programs that tasks may run: name = absolute path"`
	// MaxOutput is how much of each output is kept, in bytes.
	MaxOutput int `json:"max_output,omitempty" default:"262144" description:"how much of stdout and of stderr is kept, in bytes"`

	keeper *process.Keeper
}

// maxMaxOutput keeps a result within what the wire takes: two outputs, whose bytes
// JSON may write as six.
const maxMaxOutput = 1 << 20

// Plugin returns the plugin, to be served.
func Plugin() sdk.Plugin {
	return sdk.Plugin{
		Name:    Name,
		Version: "1.0.0",
		Config: sdk.ConfigOf(
			sdk.OnOpen(open),
			sdk.OnClose(func(c Config) { c.keeper.Close() }),
		),
		Tasks: []sdk.TaskType{
			sdk.Task("exec.command", command, sdk.WithDescription("runs one of the configured programs, without a shell")),
		},
	}
}

// open finds everything that is wrong with the list.
func open(_ context.Context, c *Config) []sdk.Diagnostic {
	var wrong []sdk.Diagnostic
	for _, name := range slices.Sorted(maps.Keys(c.Commands)) {
		if problem := checkCommand(c.Commands[name]); problem != "" {
			wrong = append(wrong, sdk.Diagnostic{
				Path:    []string{"commands", name},
				Summary: fmt.Sprintf("Command %q cannot be run", name),
				Detail:  problem,
			})
		}
	}
	if c.MaxOutput < 1 || c.MaxOutput > maxMaxOutput {
		wrong = append(wrong, sdk.Diagnostic{
			Path:    []string{"max_output"},
			Summary: "Size out of range",
			Detail:  "max_output is between 1 and " + strconv.Itoa(maxMaxOutput) + " bytes",
		})
	}
	c.keeper = new(process.Keeper)
	return wrong
}

// checkCommand says what is wrong with a path; empty when nothing is.
func checkCommand(path string) string {
	if !filepath.IsAbs(path) {
		return fmt.Sprintf("%q is no absolute path", path)
	}
	if _, err := exec.LookPath(path); err != nil {
		return err.Error()
	}
	return ""
}
