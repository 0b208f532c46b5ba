package process

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sys/unix"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	limit := time.After(patience)
	for !holds() {
		select {
		case <-ticker.C:
		case <-limit:
			t.Fatal("never: " + what)
		}
	}
}

// startGuard starts the test binary as guard. Closing it is what the death of the
// engine is to it.
func startGuard(t *testing.T) *Guard {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	g, err := StartGuard([]string{program, guardArgument}, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func closeGuard(t *testing.T, g *Guard) {
	t.Helper()
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

// group starts a shell that leads a group of its own. It reaps the shell.
func group(t *testing.T, script string) (Group, <-chan struct{}) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	record, err := readStat(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = cmd.Wait() // how it ended is not the question
	}()
	t.Cleanup(func() {
		_ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
		<-gone
	})
	return Group{PID: cmd.Process.Pid, Start: record.start}, gone
}

// members tells whether anybody is left in the group.
func members(g Group) bool { return !errors.Is(unix.Kill(-g.PID, 0), unix.ESRCH) }

func TestGuardKillsTheGroupsItKnows(t *testing.T) {
	t.Parallel()
	guard := startGuard(t)
	known, gone := group(t, "sleep 300 & wait")
	removed, _ := group(t, "sleep 300")
	recycled, _ := group(t, "sleep 300")
	stranger := recycled
	stranger.Start++ // somebody else had the number
	orphaned, dead := group(t, "sleep 300 & exit 0")
	<-dead
	for _, g := range []Group{known, removed, stranger, orphaned} {
		if err := guard.Add(g); err != nil {
			t.Fatal(err)
		}
	}
	if err := guard.Remove(removed); err != nil {
		t.Fatal(err)
	}
	closeGuard(t, guard)
	eventually(t, "the end of the known leader", func() bool {
		select {
		case <-gone:
			return true
		default:
			return false
		}
	})
	eventually(t, "the end of the known group", func() bool { return !members(known) })
	eventually(t, "the end of the orphaned group", func() bool { return !members(orphaned) })
	if !members(removed) || !members(recycled) {
		t.Error("a group was killed that the guard had no right to")
	}
}

func TestGuardOutlivesSignals(t *testing.T) {
	t.Parallel()
	guard := startGuard(t)
	pid := guard.current().Process.Pid
	eventually(t, "the guard ignores signals", func() bool {
		text, err := os.ReadFile("/proc/" + guardPID(guard) + "/status")
		if err != nil {
			return false
		}
		_, rest, _ := strings.Cut(string(text), "SigIgn:\t")
		line, _, _ := strings.Cut(rest, "\n")
		mask, err := strconv.ParseUint(line, 16, 64)
		// Bits 0, 1, 12 and 14 are SIGHUP, SIGINT, SIGPIPE and SIGTERM; who starts
		// the tests may have had more ignored.
		const wanted = 1<<0 | 1<<1 | 1<<12 | 1<<14
		return err == nil && mask&wanted == wanted
	})
	for _, s := range []syscall.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP} {
		if err := unix.Kill(pid, s); err != nil {
			t.Fatal(err)
		}
	}
	if of, err := unix.Getpgid(pid); err != nil || of != pid {
		t.Errorf("the guard is in group %d, %v", of, err)
	}
	if guard.current().Process.Pid != pid {
		t.Error("the guard was replaced")
	}
	closeGuard(t, guard)
}

func guardPID(g *Guard) string {
	p := Process{group: Group{PID: g.current().Process.Pid}}
	return p.ID()
}

func TestDeadOrStoppedGuardIsReplacedAndKnowsEverything(t *testing.T) {
	t.Parallel()
	guard := startGuard(t)
	first := guard.current().Process.Pid
	before, _ := group(t, "sleep 300")
	if err := guard.Add(before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Kill(first, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a new guard", func() bool { return guard.current().Process.Pid != first })
	closeGuard(t, guard)
	eventually(t, "the end of the group", func() bool { return !members(before) })
}

func TestUnreadableLinesDoNotEndTheWatch(t *testing.T) {
	t.Parallel()
	left, err := readGroups(strings.NewReader("add 7 x\nnonsense\nadd 1 1\nadd 42 7\nadd 43 8\nremove 43 8\n"))
	if err == nil || len(left) != 1 || left[0] != (Group{PID: 42, Start: 7}) {
		t.Errorf("left %v, error %v", left, err)
	}
}

func TestStatSurvivesOddNames(t *testing.T) {
	t.Parallel()
	tail := " S 1 77 66 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242 0"
	got, err := parseStat(5, "5 (a) b ) c)"+tail)
	if err != nil || got != (stat{pid: 5, group: 77, session: 66, start: 4242}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, text := range []string{"", "5 (a", "5 (a) S 1"} {
		if _, err := parseStat(5, text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
