package config_test

import (
	"strings"
	"testing"

	"github.com/headrace/headrace/config"
)

// typeWith loads a task block with one more line.
func typeWith(line string) (*config.Config, error) {
	source := "task \"demo.echo\" {\n  plugin = \"demo\"\n  " + line + "\n}\n"
	cfg, diags := config.LoadSource("test.hcl", []byte(source), ".", config.Options{Builtins: config.DefaultBuiltins()})
	return cfg, diags.Err()
}

func TestMaxRunningIsReadAndChecked(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]int{"max_running = 3": 3, "": 0} {
		cfg, err := typeWith(line)
		if err != nil || cfg.Tasks[0].MaxRunning != want {
			t.Errorf("%q: %+v, %v", line, cfg, err)
		}
	}
	for _, line := range []string{"max_running = 0", "max_running = -1", "max_running = 1.5", `max_running = "many"`, "max_running = 1000001"} {
		if _, err := typeWith(line); err == nil || !strings.Contains(err.Error(), "test.hcl:3,") {
			t.Errorf("%q: %v", line, err)
		}
	}
}
