package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/testenv"
)

// asVar makes the test binary act as another program: "withservices" (the guard included, which
// inherits it), or one of the commands in the map below.
const asVar = "WITHSERVICES_TEST_AS"

// deadline is for conditions that hold after some work of other processes.
const deadline = time.Minute

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == commandArg {
		os.Exit(commands[os.Args[2]]())
	}
	if os.Getenv(asVar) == "withservices" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// commandArg as the first argument makes the test binary one of the commands.
const commandArg = "-withservices-test-command"

// commands are what the tests run under withservices; each returns an exit code.
var commands = map[string]func() int{
	// probe uses both servers and ends.
	"probe": func() int {
		ctx := context.Background()
		err := errors.Join(pingRedis(ctx, os.Getenv(testenv.RedisVar)), pingPostgres(ctx, os.Getenv(testenv.DatabaseVar)))
		if err != nil {
			fmt.Println("probe:", err)
			return 1
		}
		return 42
	},
	// hold says what it got and waits for SIGTERM, upon which it ends with 43.
	"hold": func() int {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		fmt.Println(os.Getpid(), os.Getenv(testenv.RedisVar), os.Getenv(testenv.DatabaseVar))
		<-signals
		return 43
	},
	// die ends by a signal.
	"die": func() int {
		err := syscall.Kill(os.Getpid(), syscall.SIGKILL)
		fmt.Println("die:", err)
		select {}
	},
}

// session is withservices as a process, with a temporary directory of its own.
type session struct {
	cmd    *exec.Cmd
	temp   string
	stdout *bufio.Reader
	stderr *strings.Builder
}

// newTemp returns a directory that PostgreSQL's user can reach, which t.TempDir is not.
func newTemp(t *testing.T) string {
	t.Helper()
	temp, err := os.MkdirTemp(baseDir(), "withservices-test-*") //nolint:usetesting // the reason is above
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(temp, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(temp); err != nil {
			t.Error(err)
		}
	})
	return temp
}

// start runs withservices with a command of this file.
func start(t *testing.T, temp, command string, environ ...string) *session {
	t.Helper()
	return startArgs(t, temp, []string{"--", self(t), commandArg, command}, environ...)
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func startArgs(t *testing.T, temp string, args []string, environ ...string) *session {
	t.Helper()
	s := &session{cmd: exec.Command(self(t), args...), temp: temp, stderr: &strings.Builder{}}
	s.cmd.Env = append(os.Environ(), testenv.RedisVar+"=", testenv.DatabaseVar+"=",
		asVar+"=withservices", "TMPDIR="+temp)
	s.cmd.Env = append(s.cmd.Env, environ...)
	s.cmd.Stderr = s.stderr
	s.cmd.WaitDelay = deadline // the guard has standard error too and ends a little later
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.stdout = bufio.NewReader(stdout)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.cmd.ProcessState == nil { // not waited for: the test has killed it, or has failed
			_ = s.cmd.Process.Kill() // it may have ended
			_ = s.cmd.Wait()         // says that it was killed
		}
	})
	return s
}

// held is what the command "hold" prints.
type held struct {
	pid             int
	redis, database string
}

// hold waits until the command "hold" runs.
func (s *session) hold(t *testing.T) held {
	t.Helper()
	line, err := s.stdout.ReadString('\n')
	if err != nil {
		t.Fatalf("the command did not start: %v\n%s", err, s.stderr)
	}
	var h held
	if _, err := fmt.Sscan(line, &h.pid, &h.redis, &h.database); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return h
}

// wait returns what was printed and the exit code.
func (s *session) wait(t *testing.T) (stdout string, code int) {
	t.Helper()
	out, err := io.ReadAll(s.stdout)
	if err != nil {
		t.Fatal(err)
	}
	err = s.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), s.cmd.ProcessState.ExitCode()
}

// dirs returns the directories of runs.
func (s *session) dirs(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(s.temp, dirPattern))
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

// record returns the record of the one run there is.
func (s *session) record(t *testing.T) record {
	t.Helper()
	dirs := s.dirs(t)
	if len(dirs) != 1 {
		t.Fatalf("want one run, there are %v", dirs)
	}
	r, err := readRecord(dirs[0])
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Processes) != 2 {
		t.Fatalf("want two recorded servers, there are %v", r.Processes)
	}
	return r
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	err := poll(ctx, func(context.Context) error {
		if !holds() {
			return errors.New("not yet")
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// gone reports whether every server has ended.
func gone(servers []processID) bool {
	return !slices.ContainsFunc(servers, processID.alive)
}

// guardPID finds the guard: it is the parent of the servers.
func guardPID(t *testing.T, servers []processID) int {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", servers[0].PID))
	if err != nil {
		t.Fatal(err)
	}
	var state string
	var parent int
	text := string(stat)
	if _, err := fmt.Sscan(text[strings.LastIndexByte(text, ')')+1:], &state, &parent); err != nil {
		t.Fatal(err)
	}
	return parent
}

func TestTheCommandHasBothServersAndItsExitCodeCounts(t *testing.T) {
	t.Parallel()
	s := start(t, newTemp(t), "probe")
	out, code := s.wait(t)
	if code != 42 {
		t.Errorf("exit code %d, want 42 of the command\n%s%s", code, out, s.stderr)
	}
	if left := s.dirs(t); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

func TestGivenAddressesArePassedOnAndNothingIsStarted(t *testing.T) {
	t.Parallel()
	s := start(t, newTemp(t), "hold", testenv.RedisVar+"=redis://given", testenv.DatabaseVar+"=postgres://given")
	h := s.hold(t)
	if h.redis != "redis://given" || h.database != "postgres://given" {
		t.Errorf("the command got %+v", h)
	}
	if dirs := s.dirs(t); len(dirs) != 0 {
		t.Errorf("servers were started in %v", dirs)
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, code := s.wait(t); code != 43 {
		t.Errorf("exit code %d, want 43: the command did not get the signal", code)
	}
}

func TestASignalEndsTheCommandThenTheServers(t *testing.T) {
	t.Parallel()
	s := start(t, newTemp(t), "hold")
	s.hold(t)
	servers := s.record(t).Processes
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, code := s.wait(t); code != 43 {
		t.Errorf("exit code %d, want 43 of the command\n%s", code, s.stderr)
	}
	if !gone(servers) {
		t.Error("withservices has ended, a server has not")
	}
	if left := s.dirs(t); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

func TestAfterKill9TheCommandTheServersAndTheDirectoryGo(t *testing.T) {
	t.Parallel()
	s := start(t, newTemp(t), "hold")
	h := s.hold(t)
	command, err := identify(h.pid)
	if err != nil {
		t.Fatal(err)
	}
	servers := s.record(t).Processes
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the command ends", func() bool { return !command.alive() })
	eventually(t, "the servers end", func() bool { return gone(servers) })
	eventually(t, "the directory goes", func() bool { return len(s.dirs(t)) == 0 })
}

func TestAfterKill9OfTheGuardTooTheNextRunSweeps(t *testing.T) {
	t.Parallel()
	temp := newTemp(t)
	s := start(t, temp, "hold")
	s.hold(t)
	servers := s.record(t).Processes
	guard := guardPID(t, servers)
	stopped := syscall.Kill(guard, syscall.SIGSTOP) // so that it cannot clean up in between
	err := errors.Join(stopped, s.cmd.Process.Kill(), syscall.Kill(guard, syscall.SIGKILL))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the servers end with the guard", func() bool { return gone(servers) })
	if left := s.dirs(t); len(left) != 1 {
		t.Fatalf("want the directory of the killed run, there is %v", left)
	}
	next := start(t, temp, "probe")
	out, code := next.wait(t)
	if code != 42 {
		t.Errorf("exit code %d of the next run, want 42\n%s%s", code, out, next.stderr)
	}
	if left := next.dirs(t); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	given := []string{testenv.RedisVar + "=redis://given", testenv.DatabaseVar + "=postgres://given"}
	tests := map[string]struct {
		args   []string
		code   int
		stderr string
	}{
		"no command is bad usage":              {args: []string{"--"}, code: exitUsage, stderr: "usage:"},
		"a command that is not there":          {args: []string{"--", "/does/not/exist"}, code: exitFailed, stderr: "/does/not/exist"},
		"a signal ended the command":           {args: []string{"--", self(t), commandArg, "die"}, code: 137},
		"the separator may be left out":        {args: []string{"true"}, code: 0},
		"arguments of the command are its own": {args: []string{"--", "sh", "-c", "exit 5"}, code: 5},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startArgs(t, newTemp(t), tt.args, given...)
			if _, code := s.wait(t); code != tt.code {
				t.Errorf("exit code %d, want %d\n%s", code, tt.code, s.stderr)
			}
			if !strings.Contains(s.stderr.String(), tt.stderr) {
				t.Errorf("standard error %q lacks %q", s.stderr, tt.stderr)
			}
		})
	}
}

func TestAServerThatCannotStartIsAnErrorWithItsLog(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	broken := "#!/bin/sh\necho cannot bind >&2\nexit 3\n"
	if err := os.WriteFile(filepath.Join(path, "redis-server"), []byte(broken), 0o700); err != nil {
		t.Fatal(err)
	}
	s := start(t, newTemp(t), "probe", "PATH="+path+":"+os.Getenv("PATH"), testenv.DatabaseVar+"=postgres://given")
	_, code := s.wait(t)
	if code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	for _, want := range []string{"start redis", "cannot bind"} {
		if !strings.Contains(s.stderr.String(), want) {
			t.Errorf("standard error lacks %q:\n%s", want, s.stderr)
		}
	}
	if left := s.dirs(t); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}
