package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/config"
)

func TestDeadLettersHaveTheirBlock(t *testing.T) {
	t.Parallel()
	d := load(t, "dead_letter {\n}").DeadLetter
	if d.MaxSize != 100000 || d.Retention != 720*time.Hour || d.AutoRetry || d.CleanupEvery != 10*time.Minute {
		t.Errorf("defaults %+v", d)
	}
	cfg := load(t, "dead_letter {\n max_size = 5\n retention = \"1h\"\n auto_retry = true\n retry_limit = 2\n backoff = \"3s\"\n cleanup_every = \"4s\"\n}\narchive \"local\" {\n path = \"cold\"\n}")
	d = cfg.DeadLetter
	if d.MaxSize != 5 || d.Retention != time.Hour || !d.AutoRetry || d.RetryLimit != 2 || d.Backoff != 3*time.Second || d.CleanupEvery != 4*time.Second {
		t.Errorf("block %+v", d)
	}
	if cfg.Archive.Path != "conf/cold" {
		t.Errorf("the archive is %q", cfg.Archive.Path)
	}
}

func TestWrongDeadLetterSettingsAreToldAtTheirLine(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"dead_letter {\n max_size = -1\n}":          "t.hcl:2,13-",
		"dead_letter {\n retention = \"0s\"\n}":     "t.hcl:2,14-",
		"dead_letter {\n auto_retry = \"maybe\"\n}": "t.hcl:2,15-",
		"dead_letter {\n backof = \"1m\"\n}":        "t.hcl:2,2-",
		"archive \"local\" {\n}":                    "t.hcl:1,1-",
		"archive \"tape\" {\n}":                     "t.hcl:1,9-",
	} {
		_, diags := config.LoadSource("t.hcl", []byte(source), "conf", config.Options{Schemas: plugins()})
		if err := diags.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want it at %s", source, err, want)
		}
	}
}
