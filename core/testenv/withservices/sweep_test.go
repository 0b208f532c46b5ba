package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// sleeper starts a process that lasts, and is ended after the test.
func sleeper(t *testing.T) processID {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waited := make(chan struct{})
	go func() {
		defer close(waited)
		_ = cmd.Wait() // it is killed, here or by the code under test
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-waited
	})
	id, err := identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// leftRun makes the directory of a run that recorded the processes and whose guard is dead.
func leftRun(t *testing.T, base string, processes ...processID) string {
	t.Helper()
	r, err := newRun(base)
	if err != nil {
		t.Fatal(err)
	}
	r.record.Processes = processes
	if err := r.save(); err != nil {
		t.Fatal(err)
	}
	if err := r.lock.Close(); err != nil {
		t.Fatal(err)
	}
	return r.dir
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestSweepEndsWhatADeadRunRecorded(t *testing.T) {
	t.Parallel()
	base, left := t.TempDir(), sleeper(t)
	dir := leftRun(t, base, left)
	if err := sweep(t.Context(), base); err != nil {
		t.Fatal(err)
	}
	if left.alive() {
		t.Error("the recorded process still runs")
	}
	if exists(dir) {
		t.Error("the directory is still there")
	}
}

func TestSweepLeavesAProcessWithAUsedAgainIDAlone(t *testing.T) {
	t.Parallel()
	base, other := t.TempDir(), sleeper(t)
	recorded := processID{PID: other.PID, Start: other.Start + "0"}
	dir := leftRun(t, base, recorded)
	if err := sweep(t.Context(), base); err != nil {
		t.Fatal(err)
	}
	if !other.alive() {
		t.Error("a process that only has the same id was ended")
	}
	if exists(dir) {
		t.Error("the directory is still there")
	}
}

func TestSweepLeavesALiveRunAlone(t *testing.T) {
	t.Parallel()
	base, server := t.TempDir(), sleeper(t)
	r, err := newRun(base)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.addProcess(server.PID); err != nil {
		t.Fatal(err)
	}
	if err := sweep(t.Context(), base); err != nil {
		t.Fatal(err)
	}
	if !server.alive() || !exists(r.dir) {
		t.Error("the sweep touched a run whose lock is held")
	}
	if err := r.remove(); err != nil {
		t.Error(err)
	}
}

func TestSweepOfDirectoriesWithoutALock(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	fresh, old := filepath.Join(base, "headrace-services-1"), filepath.Join(base, "headrace-services-2")
	foreign := filepath.Join(base, "headrace-services-3") // a link, not a directory of a run
	if err := os.Mkdir(fresh, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(old, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), foreign); err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-2 * settleTime)
	if err := os.Chtimes(old, before, before); err != nil {
		t.Fatal(err)
	}
	if err := sweep(t.Context(), base); err != nil {
		t.Fatal(err)
	}
	if !exists(fresh) {
		t.Error("a run that may just be starting was removed")
	}
	if exists(old) {
		t.Error("an old one is still there")
	}
	if !exists(foreign) {
		t.Error("a link was removed")
	}
}

func TestStartFromStat(t *testing.T) {
	t.Parallel()
	const rest = " 1 1 1 0 -1 4194304 2827 6511 17 2 7 5 15 23 20 0 1 0 62796 16961536"
	tests := map[string]struct {
		stat, want string
		fails      bool
	}{
		"a plain name":                     {stat: "80 (redis) S" + rest, want: "62796"},
		"a name with spaces and brackets":  {stat: "80 (a) b (c)) R" + rest, want: "62796"},
		"a process that nobody waited for": {stat: "80 (redis) Z" + rest, fails: true},
		"too short":                        {stat: "80 (redis) S 1", fails: true},
		"empty":                            {fails: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := startFromStat(tt.stat)
			if got != tt.want || (err != nil) != tt.fails {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}
