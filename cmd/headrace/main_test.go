package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){"headrace": main})
}

// leakChecked also fails when a test leaves a goroutine behind.
type leakChecked struct{ m *testing.M }

func (l leakChecked) Run() int {
	code := l.m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// TestScripts runs testdata/*.txtar; UPDATE=1 rewrites what they compare with.
//
// Each script has $ADDR, a free address, and these commands of its own:
//
//	code N COMMAND…      the command ends with the exit code N
//	until TEXT FILE      the file holds the text, within the patience
//	start NAME ARGS…     headrace runs in the background, its output in NAME.out and NAME.err
//	signal NAME SIG…     sends INT, TERM or KILL
//	ended NAME N         it ends with the exit code N, within the patience
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata", UpdateScripts: os.Getenv("UPDATE") != "", RequireUniqueNames: true,
		Setup: setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code, "until": until, "start": start, "signal": sendSignal, "ended": ended,
		},
	})
}

// patience bounds the wait for what happens in another process.
const patience = time.Minute

// background holds the processes of one script by their names.
type background map[string]*child

type child struct {
	cmd  *exec.Cmd
	done chan struct{}
}

type backgroundKey struct{}

func setup(env *testscript.Env) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return err
	}
	// The script's own folder is too deep for the plugins' sockets.
	temporary, err := os.MkdirTemp("", "hr")
	if err != nil {
		return err
	}
	env.Defer(func() {
		if err := os.RemoveAll(temporary); err != nil {
			panic(err)
		}
	})
	env.Setenv("TMPDIR", temporary)
	env.Setenv("ADDR", addr)
	env.Setenv("HEADRACE_ADDR", "http://"+addr)
	env.Setenv("HEADRACE_TOKEN", "a-token-for-the-scripts")
	env.Values[backgroundKey{}] = background{}
	return nil
}

// want checks how many arguments a command of the scripts got.
func want(ts *testscript.TestScript, neg bool, args []string, least int) {
	if neg || len(args) < least {
		ts.Fatalf("it takes no ! and at least %d arguments", least)
	}
}

func code(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2)
	wanted, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != wanted {
		ts.Fatalf("exit code %d, want %d", got, wanted)
	}
}

func until(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2)
	eventually(ts, func() bool { return strings.Contains(ts.ReadFile(args[1]), args[0]) },
		fmt.Sprintf("%s does not say %q", args[1], args[0]))
}

func eventually(ts *testscript.TestScript, holds func() bool, otherwise string) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(end) {
			ts.Fatalf("%s within %s", otherwise, patience)
		}
	}
}

func start(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2)
	name := args[0]
	cmd := exec.Command("headrace", args[1:]...)
	cmd.Path = lookHeadrace(ts)
	cmd.Dir = ts.Getenv("WORK")
	for _, v := range []string{"HOME", "PATH", "TMPDIR", "XDG_DATA_HOME", "HEADRACE_TOKEN", "HEADRACE_LOG"} {
		if value := ts.Getenv(v); value != "" {
			cmd.Env = append(cmd.Env, v+"="+value)
		}
	}
	out, err := os.Create(ts.MkAbs(name + ".out"))
	ts.Check(err)
	errs, err := os.Create(ts.MkAbs(name + ".err"))
	ts.Check(err)
	cmd.Stdout, cmd.Stderr = out, errs
	ts.Check(cmd.Start())
	ts.Check(out.Close())
	ts.Check(errs.Close())
	p := &child{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // its exit code is looked at by ended
	}()
	ts.Value(backgroundKey{}).(background)[name] = p
	ts.Defer(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-p.done
	})
}

// lookHeadrace finds the program on the script's own PATH.
func lookHeadrace(ts *testscript.TestScript) string {
	for dir := range strings.SplitSeq(ts.Getenv("PATH"), string(os.PathListSeparator)) {
		path := dir + "/headrace"
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	ts.Fatalf("headrace is not on the PATH")
	return ""
}

func running(ts *testscript.TestScript, name string) *child {
	p := ts.Value(backgroundKey{}).(background)[name]
	if p == nil {
		ts.Fatalf("nothing was started as %s", name)
	}
	return p
}

func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2)
	p := running(ts, args[0])
	for _, name := range args[1:] {
		number, known := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}[name]
		if !known {
			ts.Fatalf("no signal %s", name)
		}
		ts.Check(p.cmd.Process.Signal(number))
	}
}

func ended(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2)
	p := running(ts, args[0])
	eventually(ts, func() bool {
		select {
		case <-p.done:
			return true
		default:
			return false
		}
	}, args[0]+" does not end")
	if got := strconv.Itoa(p.cmd.ProcessState.ExitCode()); got != args[1] {
		ts.Fatalf("%s ended with %s, want %s; it said:\n%s", args[0], got, args[1], ts.ReadFile(args[0]+".err"))
	}
}
