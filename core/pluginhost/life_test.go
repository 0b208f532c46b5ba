package pluginhost

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestCrashGivesEachAttemptOneOutcomeAndRestarts(t *testing.T) {
	t.Parallel()
	r := start(t, "")
	keys := r.submit("echo", "hang", "hang")
	if o := r.await(keys[:1])[0]; o.Kind != Completed {
		t.Errorf("answered before the crash, and yet %+v", o)
	}
	for _, o := range r.await(append(keys[1:], r.submit("exit")...)) {
		if o.Kind != Crashed || o.Err == nil {
			t.Errorf("in flight at the crash: %+v", o)
		}
	}
	c := r.crash()
	if c.Kind != CrashExit || c.Status != "exit status 3" || len(c.InFlight) != 3 || !strings.Contains(c.Stderr, "panic: on request") {
		t.Errorf("crash %+v", c)
	}
	r.awaitActive()
	if s := r.status(); s.Restarts != 1 || s.LastCrash == nil {
		t.Errorf("status %+v", s)
	}
	if o := r.await(r.submit("echo"))[0]; o.Kind != Completed {
		t.Errorf("after the restart: %+v", o)
	}
}

func TestBrokenStreamIsACrash(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"end-stream", "huge"} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			r := start(t, "")
			for _, o := range r.await(r.submit("hang", verb)) {
				if o.Kind != Crashed {
					t.Errorf("outcome %+v", o)
				}
			}
			if c := r.crash(); c.Kind != CrashStream || c.Cause == "" || alive(c.PID) {
				t.Errorf("crash %+v", c)
			}
			r.awaitActive()
		})
	}
}

func TestStoppedProcessIsWedgedAndReplaced(t *testing.T) {
	t.Parallel()
	r := start(t, "", func(c *Config) { c.Limits.Health = 300 * time.Millisecond })
	keys := r.submit("hang", "stop")
	for _, o := range r.await(keys) {
		if o.Kind != Crashed {
			t.Errorf("outcome %+v", o)
		}
	}
	if c := r.crash(); c.Kind != CrashWedged || alive(c.PID) {
		t.Errorf("crash %+v", c)
	}
	r.awaitActive()
}

func TestKillEndsTheProcessThatHoldsTheAttempt(t *testing.T) {
	t.Parallel()
	r := start(t, "")
	keys := r.submit("stubborn")
	r.Cancel("fake", keys, ReasonRequested)
	r.Kill("fake", AttemptKey{Attempt: 7}) // nobody holds that one
	r.Kill("fake", keys[0])
	if o := r.await(keys)[0]; o.Kind != Crashed {
		t.Errorf("outcome %+v", o)
	}
	if c := r.crash(); c.Kind != CrashKilled {
		t.Errorf("crash %+v", c)
	}
	r.awaitActive()
}

func TestStopHasAnEndWhateverThePluginDoes(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]string{
		"obedient":                     "",
		"with a child":                 "child",
		"ignores SIGTERM":              "deaf,lingering",
		"does not end when asked to":   "lingering",
		"stopped in the drain":         "stop-in-drain",
		"runaway child keeps the pipe": "runaway",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, faults)
			pid, children := r.status().PID, r.children()
			keys := r.submit("stubborn")
			began := time.Now()
			r.stop()
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("the stop took %v", took)
			}
			if o := r.await(keys)[0]; o.Kind != Unknown {
				t.Errorf("outcome %+v", o)
			}
			if alive(pid) {
				t.Error("the plugin lives on")
			}
			for _, child := range children {
				if faults == "runaway" {
					kill(t, child) // out of reach by design: it left the group
				} else if alive(child) {
					t.Error("the plugin's child lives on")
				}
			}
		})
	}
}

// children are the pids that the fake plugin reports as its capabilities.
func (r *rig) children() []int {
	r.t.Helper()
	d, ok := r.Describe("fake")
	if !ok {
		r.t.Fatal("the plugin was not described")
	}
	pids := make([]int, len(d.Capabilities))
	for i, text := range d.Capabilities {
		pid, err := strconv.Atoi(text)
		if err != nil {
			r.t.Fatal(err)
		}
		pids[i] = pid
	}
	return pids
}

func kill(t *testing.T, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
}

func TestDrainLetsRunningTasksFinish(t *testing.T) {
	t.Parallel()
	r := start(t, "", func(c *Config) { c.Limits.Drain = 10 * time.Second })
	keys := r.submit("hang")
	stopped := make(chan struct{})
	go func() {
		r.stop()
		close(stopped)
	}()
	eventually(t, "draining", func() bool { return r.status().State == StateDraining })
	r.Cancel("fake", keys, ReasonShutdown)
	if o := r.await(keys)[0]; o.Kind != Failed || !strings.Contains(o.Err.Msg, "SHUTDOWN") {
		t.Errorf("outcome %+v", o)
	}
	<-stopped
}

func TestEnvironmentIsAnAllowList(t *testing.T) {
	t.Setenv("HEADRACE_TEST_SECRET", "1")
	t.Setenv("HEADRACE_TEST_PASSED", "1")
	r := start(t, "environment", func(c *Config) { c.Slots[0].Env = append(c.Slots[0].Env, "HEADRACE_TEST_PASSED", "OWN=x") })
	d, _ := r.Describe("fake")
	for _, name := range d.Capabilities {
		known := []string{"PATH", "HOME", "TZ", "LANG", "OWN", "HEADRACE_TEST_PASSED", "HEADRACE_PLUGIN", "GORACE", fakeEnv}
		if !slices.Contains(known, name) && !strings.HasPrefix(name, "PLUGIN_") {
			t.Errorf("the plugin sees %s", name)
		}
	}
	if !slices.Contains(d.Capabilities, "OWN") || !slices.Contains(d.Capabilities, "HEADRACE_TEST_PASSED") {
		t.Errorf("environment %v", d.Capabilities)
	}
}

func TestLogOfThePluginIsTamed(t *testing.T) {
	t.Parallel()
	r := start(t, "long-line")
	r.await(r.submit("print"))
	eventually(t, "the printed line", func() bool { return strings.Contains(r.log.String(), `printed\x07 by a task`) })
	log := r.log.String()
	if !strings.Contains(log, "[188416 bytes cut]") || !strings.Contains(log, "the line after it") {
		t.Error("a long line hides what follows, or is not cut")
	}
	if strings.Contains(log, strings.Repeat("x", 17<<10)) {
		t.Error("a long line is kept")
	}
	r.stop()
}

func TestCrashesLeakNothing(t *testing.T) {
	r := start(t, "", func(c *Config) { c.Limits.Backoff, c.Limits.BackoffMax = 1, 1 })
	crashes := 100
	if testing.Short() {
		crashes = 10
	}
	round := func() {
		r.awaitActive()
		r.await(r.submit("exit"))
		r.crash()
	}
	for range 3 {
		round()
	}
	r.awaitActive()
	fds, goroutines := openFiles(t), runtime.NumGoroutine()
	for range crashes {
		round()
	}
	r.awaitActive()
	eventually(t, "no more files than before", func() bool { return openFiles(t) <= fds+4 })
	eventually(t, "no more goroutines than before", func() bool { return runtime.NumGoroutine() <= goroutines+8 })
	dirs, err := os.ReadDir(r.runDir(t))
	if err != nil || len(dirs) != 1 {
		t.Errorf("socket folders left: %v %v", dirs, err)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// runDir is the run folder that the newest process lives in.
func (r *rig) runDir(t *testing.T) string {
	t.Helper()
	return r.slots["fake"].holder().runDir
}
