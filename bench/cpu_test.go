package main

import (
	"os"
	"testing"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	const rest = " 7 1 1 0 -1 4194304 2827 6511 17 2 100 50 25 5 20 0 1 0 62796 16961536"
	tests := map[string]struct {
		line  string
		want  process
		fails bool
	}{
		"a plain name":                    {line: "80 (redis) S" + rest, want: process{80, 7, 1.5, 0.3}},
		"a name with spaces and brackets": {line: "80 (a) b (c)) R" + rest, want: process{80, 7, 1.5, 0.3}},
		"too short":                       {line: "80 (redis) S 1", fails: true},
		"no name":                         {line: "80 redis S" + rest, fails: true},
		"empty":                           {fails: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseStat(tt.line)
			if got != tt.want || (err != nil) != tt.fails {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestTreeSecondsHoldsGrandchildrenAndNobodyElse(t *testing.T) {
	t.Parallel()
	all := map[int]process{
		1: {1, 0, 1000, 1000},
		2: {2, 1, 1, 10}, // the root, with children that have ended
		3: {3, 2, 2, 20},
		4: {4, 3, 4, 40},
		5: {5, 1, 500, 500}, // a sister
	}
	if got := treeSeconds(all, 2); got != 77 {
		t.Errorf("%v CPU seconds, want 77", got)
	}
	if got := treeSeconds(all, 9); got != 0 {
		t.Errorf("a process that is gone has %v CPU seconds", got)
	}
}

func TestParseMachineLeavesIdleAndGuestsOut(t *testing.T) {
	t.Parallel()
	got, err := parseMachine("cpu  100 200 300 9000 9000 400 500 600 9000 9000\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
	if err != nil || got != 21 {
		t.Errorf("%v CPU seconds, %v, want 21", got, err)
	}
	if _, err := parseMachine("intr 1 2 3\n"); err == nil {
		t.Error("another line was taken for it")
	}
}

func TestOwnProcessIsFound(t *testing.T) {
	t.Parallel()
	all, err := readProcesses()
	if err != nil {
		t.Fatal(err)
	}
	if own := all[os.Getpid()]; own.pid != os.Getpid() || own.parent != os.Getppid() {
		t.Errorf("found %+v", own)
	}
}
