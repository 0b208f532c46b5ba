package main

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOptions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		want string // part of the error; empty: none
	}{
		"the defaults are enough":      {},
		"a count of nothing":           {args: []string{"-rounds", "0"}, want: "at least 1"},
		"an argument that is no flag":  {args: []string{"drain"}, want: `"drain"`},
		"a scenario nobody knows":      {args: []string{"-scenarios", "drain,fill"}, want: `"fill"`},
		"a system nobody knows":        {args: []string{"-systems", "faktory"}, want: `"faktory"`},
		"some scenarios, some systems": {args: []string{"-scenarios", "idle", "-systems", "Headrace,River"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := parseOptions(tt.args)
			if err == nil {
				_, err = chosen(scenarios(binaries{}, o.counts), o.scenarios, o.systems)
			}
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want one about %q", err, tt.want)
			}
		})
	}
}

func TestChosenSystemsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	all := scenarios(binaries{}, counts{1, 1, 1, 1})
	list, err := chosen(all, "drain", "River,Headrace")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range list[0].contenders {
		names = append(names, c.System)
	}
	if got := strings.Join(names, " "); got != "Headrace River River" {
		t.Errorf("contenders %s", got)
	}
	if len(all[0].contenders) != 5 {
		t.Error("the choice changed what it was made from")
	}
}

func TestWithoutServicesItSaysWhatToRun(t *testing.T) {
	t.Setenv("HEADRACE_TEST_REDIS_URL", "")
	t.Setenv("HEADRACE_TEST_DATABASE_URL", "")
	if _, err := openServices(t.Context()); err == nil || !strings.Contains(err.Error(), "make bench") {
		t.Errorf("error %v", err)
	}
}
