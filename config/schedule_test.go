package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headrace/headrace/config"
)

// scheduleOf is a file with one task type and a schedule with these lines, which
// begin at line 4.
func scheduleOf(lines ...string) string {
	return "task \"demo.echo\" {\n max_payload = 40\n}\nschedule \"s\" {\n" + strings.Join(lines, "\n") + "\n}"
}

func loadSchedule(source string) (*config.Config, config.Diagnostics) {
	return config.LoadSource("t.hcl", []byte(source), "conf", config.Options{CheckCron: func(text string) error {
		if text == "bad" {
			return errors.New("no cron expression")
		}
		return nil
	}})
}

func TestScheduleHasDefaults(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]config.Schedule{
		scheduleOf(`cron = "0 3 * * *"`, `task = "demo.echo"`): {
			TimeZone: "UTC", Payload: []byte(`{}`), Priority: "MEDIUM", Misfire: "once", Overlap: "allow",
		},
		scheduleOf(`cron = "0 3 * * *"`, `task = "demo.echo"`, `time_zone = "Europe/Berlin"`, `payload = { n = 1, t = ["a"] }`,
			`priority = "HIGH"`, `misfire = "all"`, `overlap = "skip"`): {
			TimeZone: "Europe/Berlin", Payload: []byte(`{"n":1,"t":["a"]}`), Priority: "HIGH", Misfire: "all", Overlap: "skip",
		},
	} {
		cfg, diags := loadSchedule(source)
		if err := diags.Err(); err != nil {
			t.Fatal(err)
		}
		want.Name, want.Cron, want.Task = "s", "0 3 * * *", "demo.echo"
		if diff := cmp.Diff([]config.Schedule{want}, cfg.Schedules, cmpopts.IgnoreFields(config.Schedule{}, "Place")); diff != "" {
			t.Error(diff)
		}
	}
}

func TestWrongSchedulesAreToldAtTheirLine(t *testing.T) {
	t.Parallel()
	const cron, task = `cron = "* * * * *"`, `task = "demo.echo"`
	for source, want := range map[string]string{
		scheduleOf(task):                                                          "t.hcl:4,1-",
		scheduleOf(cron):                                                          "t.hcl:4,1-",
		scheduleOf("", "", cron):                                                  "t.hcl:4,1-",
		scheduleOf(task, `cron = "bad"`):                                          "t.hcl:6,8-",
		scheduleOf(cron, `task = "demo.ecko"`):                                    "t.hcl:6,8-",
		scheduleOf(cron, task, `time_zone = "Mars/Olympus"`):                      "t.hcl:7,13-",
		scheduleOf(cron, task, `time_zone = "Local"`):                             "t.hcl:7,13-",
		scheduleOf(cron, task, `misfire = "twice"`):                               "t.hcl:7,11-",
		scheduleOf(cron, task, `overlap = "queue"`):                               "t.hcl:7,11-",
		scheduleOf(cron, task, `priority = "URGENT"`):                             "t.hcl:7,12-",
		scheduleOf(cron, task, `payload = [1]`):                                   "t.hcl:7,11-",
		scheduleOf(cron, task, `payload = { a = "`+strings.Repeat("x", 40)+`" }`): "t.hcl:7,11-",
		scheduleOf(cron, task, `payloads = {}`):                                   "t.hcl:7,1-",
	} {
		_, diags := loadSchedule(source)
		if err := diags.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want it at %s", source, err, want)
		}
	}
}
