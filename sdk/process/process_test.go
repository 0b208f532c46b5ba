package process_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/sdk/process"
)

// patience is the deadline of conditions that hold at once when all is well.
const patience = 20 * time.Second

// envHost makes the test binary a plugin that is killed in the middle.
const envHost = "HEADRACE_PROCESS_TEST_HOST"

func TestMain(m *testing.M) {
	if code, keeper := process.KeeperMain(); keeper {
		os.Exit(code)
	}
	if os.Getenv(envHost) != "" {
		os.Exit(host())
	}
	goleak.VerifyTestMain(m)
}

// family is a shell that starts a grandchild, prints both numbers and waits.
const family = "sleep 600 & echo $$ $!; wait"

// host runs a family until it is killed itself.
func host() int {
	var keeper process.Keeper
	cmd := exec.Command("/bin/sh", "-c", family)
	cmd.Stdout = os.Stdout
	group, err := keeper.Start(cmd)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := group.Wait(); err != nil {
		return 1
	}
	return 0
}

// pids reads the two numbers that a family prints.
func pids(t *testing.T, from io.Reader) []int {
	t.Helper()
	var a, b int
	if _, err := fmt.Fscan(from, &a, &b); err != nil {
		t.Fatal(err)
	}
	return []int{a, b}
}

// waitGone waits until the processes are dead; a zombie is.
func waitGone(t *testing.T, pids []int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for _, pid := range pids {
		for alive(pid) {
			if time.Now().After(deadline) {
				t.Fatalf("process %d is still there", pid)
			}
			<-time.After(2 * time.Millisecond)
		}
	}
}

func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestNothingOutlivesAKilledPlugin(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), envHost+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	running := pids(t, out)
	if !alive(running[0]) || !alive(running[1]) {
		t.Fatal("the family is not there")
	}
	// The whole group, as the engine's guard does it.
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitGone(t, running)
	if err := cmd.Wait(); err == nil {
		t.Error("the killed host exits with 0")
	}
}

func TestKillEndsGrandchildrenThatHoldThePipe(t *testing.T) {
	t.Parallel()
	var keeper process.Keeper
	defer keeper.Close()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	cmd := exec.Command("/bin/sh", "-c", family)
	cmd.Stdout = in
	group, err := keeper.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	running := pids(t, out)
	group.Kill()
	var exit *exec.ExitError
	if err := group.Wait(); !errors.As(err, &exit) {
		t.Errorf("wait: %v", err)
	}
	waitGone(t, running)
	group.Kill() // Harmless from now on.
}

func TestWhatACommandLeavesBehindEndsWithIt(t *testing.T) {
	t.Parallel()
	var keeper process.Keeper
	defer keeper.Close()
	var out bytes.Buffer
	cmd := exec.Command("/bin/sh", "-c", "sleep 600 & echo $$ $!")
	cmd.Stdout = &out
	group, err := keeper.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := group.Wait(); err != nil {
		t.Errorf("wait: %v", err)
	}
	if took := time.Since(began); took > patience {
		t.Errorf("waited %s for the grandchild", took)
	}
	waitGone(t, pids(t, &out))
}

func TestADaemonThatHoldsTheOutputIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	var keeper process.Keeper
	defer keeper.Close()
	var out bytes.Buffer
	cmd := exec.Command("/bin/sh", "-c", "setsid sleep 600 & echo $$ $!; sleep 0.2")
	cmd.Stdout = &out
	group, err := keeper.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if err := group.Wait(); err != nil {
		t.Errorf("wait: %v", err)
	}
	daemon := pids(t, &out)[1]
	if err := syscall.Kill(daemon, syscall.SIGKILL); err != nil {
		t.Errorf("the daemon has not left the group: %v", err)
	}
}

func TestAKeeperServesManyAndIsReplacedWhenItDies(t *testing.T) {
	t.Parallel()
	var keeper process.Keeper
	defer keeper.Close()
	for range 3 {
		cmd := exec.Command("/bin/true")
		group, err := keeper.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
		if err := process.KillKeeper(&keeper); err != nil {
			t.Error(err)
		}
	}
}

func TestACommandThatCannotStartSaysSo(t *testing.T) {
	t.Parallel()
	var keeper process.Keeper
	defer keeper.Close()
	if _, err := keeper.Start(exec.Command("/no/such/program")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
