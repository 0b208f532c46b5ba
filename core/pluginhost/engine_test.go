package pluginhost

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// engineEnv makes the test binary a stand-in for the engine; its value is the
// state folder.
const engineEnv = "FAKE_ENGINE"

// enginePlugins is the number of plugins of the stand-in, each with a child.
const enginePlugins = 6

// standInEngine runs plugins, prints the pids of them and of their children, and
// waits to be killed.
func standInEngine() {
	program, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cfg := Config{StateDir: os.Getenv(engineEnv), GuardCommand: []string{program, guardArgument}, Limits: quick()}
	for i := range enginePlugins {
		cfg.Slots = append(cfg.Slots, SlotConfig{
			Name: fmt.Sprint(i), Command: program, TLS: TLSOff, Env: fakeEnvironment("child"),
		})
	}
	host, err := New(cfg)
	if err != nil {
		panic(err)
	}
	go func() { panic(host.Run(context.Background())) }()
	if err := host.Started(context.Background()); err != nil {
		panic(err)
	}
	for _, s := range host.Status() {
		d, _ := host.Describe(s.Name)
		fmt.Println(s.PID, strings.Join(d.Capabilities, " "))
	}
	fmt.Println("ready")
	select {}
}

func TestNothingSurvivesAKilledEngine(t *testing.T) {
	t.Parallel()
	rounds := 10
	if testing.Short() {
		rounds = 2
	}
	for range rounds {
		pids := killAnEngine(t, t.TempDir())
		if len(pids) != 2*enginePlugins {
			t.Fatalf("%d processes to look for: %v", len(pids), pids)
		}
		for _, pid := range pids {
			eventually(t, fmt.Sprintf("the end of process %d", pid), func() bool { return !alive(pid) })
		}
	}
}

// killAnEngine starts a stand-in, kills it with SIGKILL when its plugins run, and
// returns the pids of the plugins and of their children.
func killAnEngine(t *testing.T, stateDir string) (pids []int) {
	t.Helper()
	cmd := exec.Command(self(t))
	cmd.Env = append(os.Environ(), engineEnv+"="+stateDir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "ready" {
		for word := range strings.FieldsSeq(lines.Text()) {
			pid, err := strconv.Atoi(word)
			if err != nil || pid == 0 {
				t.Errorf("the engine says %q", lines.Text())
			}
			pids = append(pids, pid)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the engine ended without a signal")
	}
	return pids
}
