package main

import (
	"maps"
	"strings"
	"testing"
)

func TestAdvantage(t *testing.T) {
	t.Parallel()
	for ratio, want := range map[float64]string{
		5.04: "5.0 × better", 1.3: "1.3 × better", 1.29: "level", 1: "level", 0.8: "level", 0.5: "2.0 × worse",
	} {
		if got := advantage(ratio); got != want {
			t.Errorf("%v is %q, want %q", ratio, got, want)
		}
	}
}

func TestSpreadOfUnsortedValues(t *testing.T) {
	t.Parallel()
	if got := spreadOf([]float64{9, 1, 4}); got != (spread{4, 1, 9}) {
		t.Errorf("got %+v", got)
	}
	if got := spreadOf([]float64{4, 2}); got != (spread{3, 2, 4}) {
		t.Errorf("got %+v", got)
	}
	if got := quantile([]float64{1, 2, 3, 4, 5}, 0.99); got < 4.9 || got > 5 {
		t.Errorf("p99 is %v", got)
	}
}

// rounds are measurements of a drain of 1,000 tasks.
func rounds(who contender, seconds, engine float64) measurement {
	return measurement{
		Scenario: "drain", System: who.System, Setting: who.Setting, Tasks: 1000, Seconds: seconds,
		CPU: usage{Engine: engine, Machine: 99}, OtherCores: 0.25,
		Figures: map[string]float64{"headrace_claim_group_size": 60},
	}
}

func TestTableComparesMediansInTheRightDirection(t *testing.T) {
	t.Parallel()
	ours, theirs := contender{System: "Headrace", Setting: "defaults"}, contender{System: "River", Setting: "tuned"}
	s := scenario{name: "drain", title: "Drain", tasks: 1000, contenders: []contender{ours, theirs}}
	all := []measurement{
		rounds(ours, 0.1, 0.05), rounds(theirs, 0.5, 0.02),
		rounds(ours, 0.2, 0.04), rounds(theirs, 0.4, 0.01),
		rounds(ours, 0.1, 0.06), rounds(theirs, 0.5, 0.03),
	}
	const want = `### Drain, 1000 tasks

| system | tasks/s settled | Headrace is | CPU s per 1,000 | Headrace is |
| --- | ---: | --- | ---: | --- |
| Headrace, defaults | 10000 (5000..10000) |  | 0.050 (0.040..0.060) |  |
| River, tuned | 2000 (2000..2500) | 5.0 × better | 0.020 (0.010..0.030) | 2.5 × worse |
`
	if got := table(&s, all); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, part := range []string{"plugins took 0.050", "headrace_claim_group_size, mean: 60", "kept 0.25 cores busy"} {
		if got := shares(&s, all); !strings.Contains(got, part) {
			t.Errorf("%q lacks %q", got, part)
		}
	}
}

func TestHistogramMeans(t *testing.T) {
	t.Parallel()
	const text = `# HELP groups Sizes.
# TYPE groups histogram
groups_bucket{le="1"} 2
groups_sum 30
groups_count 4
none_sum 0
none_count 0
`
	got, err := histogramMeans(strings.NewReader(text), "groups", "none", "absent")
	if err != nil || !maps.Equal(got, map[string]float64{"groups": 7.5}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestFactsFromText(t *testing.T) {
	t.Parallel()
	if got := cpuModel("processor\t: 0\nmodel name\t: Some CPU: 3 GHz\nmodel name\t: x\n"); got != "Some CPU: 3 GHz" {
		t.Errorf("CPU %q", got)
	}
	if got := infoField("# Server\r\nredis_version:7.0.15\r\nprocess_id:42\r\n", "process_id"); got != "42" {
		t.Errorf("process %q", got)
	}
	if got := infoField("process_identity:42\r\n", "process_id"); got != "" {
		t.Errorf("process %q of another field", got)
	}
}
