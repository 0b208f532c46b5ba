package exectask_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/plugins/task-exec/exectask"
	"github.com/headrace/headrace/sdk/fault"
	"github.com/headrace/headrace/sdk/plugintest"
	"github.com/headrace/headrace/sdk/process"
)

// patience is the deadline of conditions that hold at once when all is well.
const patience = 20 * time.Second

func TestMain(m *testing.M) {
	if code, keeper := process.KeeperMain(); keeper {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}

// start runs the plugin with a shell, which only tests configure.
func start(t *testing.T) *plugintest.Plugin {
	t.Helper()
	return plugintest.Start(t, exectask.Plugin(), plugintest.WithConfig(map[string]any{
		"commands":   map[string]string{"sh": "/bin/sh", "echo": "/bin/echo", "cat": "/bin/cat", "env": "/usr/bin/env"},
		"max_output": 100,
	}))
}

func script(text string) map[string]any {
	return map[string]any{"name": "sh", "args": []string{"-c", text}}
}

func run(t *testing.T, p *plugintest.Plugin, payload any) exectask.Result {
	t.Helper()
	raw, failed := p.Run(t.Context(), "exec.command", payload)
	if failed != nil {
		t.Fatal(failed, failed.Details)
	}
	var result exectask.Result
	if err := json.Unmarshal(raw, &result); err != nil {
		t.Fatal(err)
	}
	return result
}

func TestAProgramRuns(t *testing.T) {
	t.Parallel()
	p := start(t)
	if got := run(t, p, map[string]any{"name": "echo", "args": []string{"$HOME", "; id", "*"}}); got.Stdout != "$HOME ; id *\n" || got.ExitCode != 0 {
		t.Errorf("no shell touches the arguments: %+v", got)
	}
	if got := run(t, p, map[string]any{"name": "cat", "stdin": "in"}); got.Stdout != "in" {
		t.Errorf("stdin: %+v", got)
	}
	if got := run(t, p, map[string]any{"name": "env"}); !strings.HasPrefix(got.Stdout, "PATH=") || strings.Count(got.Stdout, "\n") != 1 {
		t.Errorf("the environment is PATH alone: %+v", got)
	}
	if got := run(t, p, script("pwd; echo e >&2")); got.Stdout != "/\n" || got.Stderr != "e\n" {
		t.Errorf("folder and stderr: %+v", got)
	}
}

func TestOutputIsLimitedAndSafe(t *testing.T) {
	t.Parallel()
	p := start(t)
	got := run(t, p, script("head -c 300000 /dev/zero | tr '\\0' x; echo short >&2"))
	if len(got.Stdout) != 100 || !got.StdoutTruncated || got.StderrTruncated || got.Stderr != "short\n" {
		t.Errorf("%d bytes, %+v", len(got.Stdout), got)
	}
	if got := run(t, p, script(`printf 'a\377\000b'`)); got.Stdout != "a\uFFFD\uFFFDb" {
		t.Errorf("%q", got.Stdout)
	}
}

func TestANonZeroExitFails(t *testing.T) {
	t.Parallel()
	p := start(t)
	outcome := p.Do(t.Context(), plugintest.Task{Type: "exec.command", Payload: script("head -c 9000 /dev/zero | tr '\\0' x >&2; echo END >&2; exit 3")})
	f := outcome.Fault
	if f == nil || f.Code != fault.TaskExecutionFailed || !outcome.Retry || f.Details["exit_code"] != 3.0 || !strings.Contains(f.Msg, "exit status 3") {
		t.Fatalf("%+v %+v", outcome, f)
	}
	if tail := fmt.Sprint(f.Details["stderr"]); len(tail) != 4096 || !strings.HasSuffix(tail, "xEND\n") {
		t.Errorf("tail of %d bytes: %q", len(tail), tail[max(0, len(tail)-20):])
	}
	outcome = p.Do(t.Context(), plugintest.Task{Type: "exec.command", Payload: script("echo why >&2; kill -9 $$")})
	if outcome.Fault == nil || outcome.Fault.Details["exit_code"] != -1.0 || outcome.Fault.Details["stderr"] != "why\n" {
		t.Errorf("a killed program: %+v", outcome.Fault)
	}
}

func TestOnlyListedProgramsRun(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, payload := range []string{
		`{"name":"/bin/sh"}`, `{"name":"ls"}`, `{"name":""}`, `{}`, `{"name":"echo","args":["a\u0000b"]}`,
		`{"name":"echo","args":"x"}`, `{"name":"echo","shell":true}`,
	} {
		_, failed := p.Run(t.Context(), "exec.command", plugintest.Raw(payload))
		if failed == nil || failed.Code != fault.ValidationError {
			t.Errorf("%s: %v", payload, failed)
		}
	}
}

// family starts a grandchild that holds the pipe, writes both numbers into a file
// and waits.
func family(t *testing.T) (payload map[string]any, pids func() []int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pids")
	return script("sleep 600 & echo $$ $! > " + file + ".new; mv " + file + ".new " + file + "; wait"), func() []int {
		var a, b int
		waitFor(t, func() bool {
			text, err := os.ReadFile(file)
			if err != nil {
				return false
			}
			_, err = fmt.Sscan(string(text), &a, &b)
			return err == nil
		})
		return []int{a, b}
	}
}

func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatal("the condition never held")
		}
		<-time.After(2 * time.Millisecond)
	}
}

func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestCancellingEndsTheWholeFamily(t *testing.T) {
	t.Parallel()
	p := start(t)
	payload, pids := family(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan *fault.Error, 1)
	go func() {
		_, failed := p.Run(ctx, "exec.command", payload)
		done <- failed
	}()
	running := pids()
	cancel()
	if failed := <-done; failed == nil || failed.Code != fault.TaskCancelled {
		t.Errorf("%v", failed)
	}
	waitFor(t, func() bool { return !alive(running[0]) && !alive(running[1]) })
}

func TestTheTimeLimitEndsTheWholeFamily(t *testing.T) {
	t.Parallel()
	p := start(t)
	payload, pids := family(t)
	outcome := p.Do(t.Context(), plugintest.Task{Type: "exec.command", Payload: payload, Timeout: 500 * time.Millisecond})
	if outcome.Fault == nil || outcome.Fault.Code != fault.TaskTimeout || !outcome.Retry {
		t.Errorf("%+v", outcome)
	}
	running := pids()
	waitFor(t, func() bool { return !alive(running[0]) && !alive(running[1]) })
}

func TestBadConfigurationsNameTheAttribute(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]string{
		`{}`: "[commands]", `{"commands":{"a":"sh"}}`: "[commands a]", `{"commands":{"a":"/no/such"}}`: "[commands a]",
		`{"commands":{"a":"/etc/passwd"}}`: "[commands a]", `{"commands":{},"max_output":0}`: "[max_output]",
		`{"commands":{"a":1}}`: "[commands a]",
	} {
		diagnostics := plugintest.Configure(t, exectask.Plugin(), plugintest.Raw(config))
		if len(diagnostics) != 1 || !strings.HasPrefix(fmt.Sprint(diagnostics[0].Path), want[:len(want)-1]) && want != "[commands a]" {
			t.Errorf("%s: %+v", config, diagnostics)
		}
	}
}
