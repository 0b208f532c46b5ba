package process

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sys/unix"
)

// run starts a shell script as a plugin's process; the test's end kills it.
func run(t *testing.T, script string) *Process {
	t.Helper()
	p := New(Spec{
		Path: "/bin/sh", Args: []string{"-c", script}, Env: Environment(nil),
		SocketDir: t.TempDir(), Log: hclog.NewNullLogger(),
	})
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Signal(unix.SIGKILL)
		<-p.Ended()
	})
	return p
}

func within(t *testing.T, c <-chan struct{}, limit time.Duration, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(limit):
		t.Fatal("never: " + what)
	}
}

func TestGoPluginSeesTheFirstLineOnly(t *testing.T) {
	t.Parallel()
	p := run(t, "echo first; echo second; echo third >&2; exit 7")
	text, err := io.ReadAll(p.Stdout())
	if err != nil || string(text) != "first\n" {
		t.Errorf("go-plugin reads %q, %v", text, err)
	}
	if text, err := io.ReadAll(p.Stderr()); err != nil || len(text) != 0 {
		t.Errorf("go-plugin reads %q of standard error, %v", text, err)
	}
	within(t, p.Ended(), patience, "the end")
	if p.Status() != "exit status 7" || p.LastWords() != "third" || p.Killed() {
		t.Errorf("status %q, last words %q", p.Status(), p.LastWords())
	}
}

func TestEndDoesNotWaitForRunawayChildren(t *testing.T) {
	t.Parallel()
	// The child leaves the group and keeps all pipes open.
	p := run(t, "setsid sleep 300 & echo $!; sleep 300")
	text, err := bufio.NewReader(p.Stdout()).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Kill(child, unix.SIGKILL); err != nil {
			t.Errorf("the runaway was not there to the end: %v", err)
		}
	})
	eventually(t, "the child in a session of its own", func() bool {
		record, err := readStat(child)
		return err == nil && record.session == child
	})
	p.Signal(unix.SIGKILL)
	within(t, p.Ended(), 5*time.Second, "the end, with the pipes still held")
	if err := p.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDeathOfTheLeaderEndsTheGroup(t *testing.T) {
	t.Parallel()
	p := run(t, "sleep 300 & exit 0")
	within(t, p.Exited(), patience, "the end")
	eventually(t, "the end of the group", func() bool { return !members(p.group) })
}

func TestKillEndsStoppedProcesses(t *testing.T) {
	t.Parallel()
	p := run(t, "sleep 300")
	p.Signal(unix.SIGSTOP)
	if err := p.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	within(t, p.Ended(), patience, "the end")
	if p.Status() != "signal: killed" || !p.Killed() {
		t.Errorf("status %q", p.Status())
	}
	p.Signal(unix.SIGKILL) // the number may be somebody else's now: nothing may happen
}

func TestKillBeforeTheStartPreventsIt(t *testing.T) {
	t.Parallel()
	p := New(Spec{Path: "/bin/true", Log: hclog.NewNullLogger()})
	p.Signal(unix.SIGKILL)
	if err := p.Start(t.Context()); err == nil || p.ID() != "" {
		t.Errorf("it started: %v", err)
	}
}

func TestLifelineClosesWithTheProcessOnly(t *testing.T) {
	t.Parallel()
	p := run(t, "cat; echo end of the lifeline >&2")
	if err := p.lifeline.Close(); err != nil { // what the death of the engine does
		t.Fatal(err)
	}
	within(t, p.Ended(), patience, "the end")
	if p.LastWords() != "end of the lifeline" {
		t.Errorf("last words %q", p.LastWords())
	}
}

func TestFailedStartLeavesNothing(t *testing.T) {
	t.Parallel()
	p := New(Spec{Path: "/nowhere", Log: hclog.NewNullLogger()})
	if err := p.Start(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	for _, f := range p.ours() {
		if err := f.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("a pipe was left open: %v", err)
		}
	}
}

func TestSocketMustLieInItsFolder(t *testing.T) {
	t.Parallel()
	p := New(Spec{SocketDir: "/run/x"})
	if _, address, err := p.PluginToHost("unix", "/run/x/a/b"); err != nil || address != "/run/x/a/b" {
		t.Error(address, err)
	}
	for _, c := range [][2]string{{"tcp", "127.0.0.1:1"}, {"unix", "/run/y/s"}, {"unix", "/run/x/../y"}, {"unix", "/run/x"}, {"unix", "s"}, {"unix", "@abstract"}} {
		if _, _, err := p.PluginToHost(c[0], c[1]); err == nil {
			t.Errorf("%v was accepted", c)
		}
	}
}

func TestPeerMustBelongToTheGroup(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	}()
	for group, ok := range map[int]bool{os.Getpid(): true, unix.Getpgrp(): true, 1: false} {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		var peer *PeerError
		if err := checkPeer(conn, group); (err == nil) != ok || err != nil && !errors.As(err, &peer) {
			t.Errorf("group %d: %v", group, err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestRunDirIsPrivateShortAndSwept(t *testing.T) {
	t.Parallel()
	parent, err := os.MkdirTemp("", "hr") //nolint:usetesting // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.RemoveAll(parent); err != nil {
			t.Error(err)
		}
	}()
	old := filepath.Join(parent, runName(stat{pid: os.Getpid(), start: 1})+"-1") // our pid, another process
	odd := filepath.Join(parent, runPrefix+"-")
	for _, path := range []string{old, odd} {
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := MakeRunDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	second, err := MakeRunDir(parent) // must not sweep the first
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir.Path())
	if err != nil || info.Mode().Perm() != 0o700 || !strings.HasPrefix(dir.Path(), parent) {
		t.Errorf("%s: %v, %v", dir.Path(), info, err)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what a dead engine left is still there: %v", err)
	}
	if _, err := os.Stat(odd); err != nil {
		t.Errorf("somebody else's folder is gone: %v", err)
	}
	if err := errors.Join(dir.Remove(), second.Remove()); err != nil {
		t.Error(err)
	}
}

func TestRunDirOfADeepFolderIsElsewhere(t *testing.T) {
	t.Parallel()
	deep := filepath.Join(t.TempDir(), strings.Repeat("deep", 20))
	dir, err := MakeRunDir(deep)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(dir.Path(), deep) {
		t.Errorf("too long for a socket: %s", dir.Path())
	}
	if err := dir.Remove(); err != nil {
		t.Error(err)
	}
}

func TestRunDirRefusesAFolderOpenToOthers(t *testing.T) {
	t.Parallel()
	parent, err := os.MkdirTemp("", "hr") //nolint:usetesting // a socket's path must be short
	if err == nil {
		err = os.Chmod(parent, 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := MakeRunDir(parent); err == nil {
		t.Error("accepted")
	}
	if err := os.RemoveAll(parent); err != nil {
		t.Error(err)
	}
}
