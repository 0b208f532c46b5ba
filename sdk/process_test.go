package sdk_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/headrace/headrace/sdk"
	wire "github.com/headrace/headrace/sdk/proto"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// patience is the deadline of conditions that hold at once when all is well.
const patience = 20 * time.Second

// rolePlugin is what the test binary serves when it plays a plugin.
func rolePlugin(role string) sdk.Plugin {
	if role == "broken" {
		return sdk.Plugin{Name: "Broken Name"}
	}
	return sdk.Plugin{
		Name: "fixture", Version: "0.1.0",
		Tasks: []sdk.TaskType{
			sdk.Task("fixture.print", printAndAnswer),
			sdk.Task("fixture.spawn", spawnChild),
			sdk.Task("fixture.hang", func(ctx context.Context, _ struct{}) (struct{}, error) {
				<-ctx.Done()
				return struct{}{}, context.Cause(ctx)
			}),
			sdk.Task("fixture.gogc", func(context.Context, struct{}) (string, error) { return gogc(), nil }),
		},
	}
}

// printAndAnswer prints to standard output, by itself and through a child.
func printAndAnswer(context.Context, struct{}) (string, error) {
	fmt.Println("1|1|tcp|127.0.0.1:1|grpc|") // What a stray handshake would look like.
	out, err := exec.Command("/bin/echo", "from a child").Output()
	return string(out), err
}

// spawnChild leaves a child in the plugin's process group and answers its pid.
func spawnChild(context.Context, struct{}) (int, error) {
	child := exec.Command("/bin/sleep", "600")
	if err := child.Start(); err != nil {
		return 0, err
	}
	return child.Process.Pid, nil
}

// role makes a command that plays the fixture plugin, with an empty environment
// but for what is given.
func role(t *testing.T, name string, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append([]string{envRole + "=" + name}, env...)
	return cmd
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return exit.ExitCode()
}

func TestStartedByHandItSaysWhatItIs(t *testing.T) {
	t.Parallel()
	text, err := role(t, "fixture").CombinedOutput()
	if exitCode(t, err) == 0 {
		t.Error("it exits with 0")
	}
	for _, want := range []string{"fixture 0.1.0 is a Headrace plugin", "fixture.print", `plugin "fixture"`, "describe"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
}

func TestABrokenPluginSaysSo(t *testing.T) {
	t.Parallel()
	text, err := role(t, "broken").CombinedOutput()
	if exitCode(t, err) != 1 || !strings.Contains(string(text), `"Broken Name"`) || !strings.Contains(string(text), "no task type") {
		t.Errorf("exit %v:\n%s", err, text)
	}
}

func TestDescribeNeedsNothing(t *testing.T) {
	t.Parallel()
	cmd := role(t, "fixture")
	cmd.Args = append(cmd.Args, wire.DescribeCommand)
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var d sdk.Description
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if d.Name != "fixture" || d.Version != "0.1.0" || len(d.TaskTypes) != 4 || d.APIVersions[0] != wire.Version {
		t.Errorf("%+v", d)
	}
}

func TestAnEngineOfAnotherVersionIsRefused(t *testing.T) {
	t.Parallel()
	cmd := role(t, "fixture", wire.CookieKey+"="+wire.CookieValue, "PLUGIN_PROTOCOL_VERSIONS=7,8")
	text, err := cmd.CombinedOutput()
	if exitCode(t, err) != 1 || !strings.Contains(string(text), "the engine speaks versions 7,8") {
		t.Errorf("exit %v:\n%s", err, text)
	}
}

// stub makes go-plugin's client hand out the bare connection.
type stub struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (stub) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error { return errors.New("client only") }

func (stub) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}

func TestGoPluginsOwnClientCanUseIt(t *testing.T) {
	t.Parallel()
	for _, mtls := range []bool{false, true} {
		t.Run("mtls="+strconv.FormatBool(mtls), func(t *testing.T) {
			t.Parallel()
			var log lockedBuffer
			cmd := role(t, "fixture")
			client := goplugin.NewClient(&goplugin.ClientConfig{
				HandshakeConfig: goplugin.HandshakeConfig{
					ProtocolVersion: wire.Version, MagicCookieKey: wire.CookieKey, MagicCookieValue: wire.CookieValue,
				},
				Plugins:          goplugin.PluginSet{wire.ServiceName: stub{}},
				Cmd:              cmd,
				AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
				AutoMTLS:         mtls,
				SkipHostEnv:      true,
				Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: &log}),
			})
			defer client.Kill()
			conn := dispense(t, client)
			text := runOne(t, conn, "fixture.print")
			if string(text) != `"from a child\n"` {
				t.Errorf("result %s", text)
			}
			if err := mustProtocol(t, client).Ping(); err != nil {
				t.Errorf("ping: %v", err)
			}
			client.Kill()
			if !strings.Contains(log.String(), "1|1|tcp|127.0.0.1:1|grpc|") {
				t.Errorf("what the handler printed is not in the log:\n%s", log.String())
			}
			// Kill ends a plugin with a signal that takes longer than two seconds.
			if got := cmd.ProcessState.ExitCode(); got != 0 {
				t.Errorf("exit code %d", got)
			}
		})
	}
}

func mustProtocol(t *testing.T, client *goplugin.Client) goplugin.ClientProtocol {
	t.Helper()
	protocol, err := client.Client()
	if err != nil {
		t.Fatal(err)
	}
	return protocol
}

func dispense(t *testing.T, client *goplugin.Client) *grpc.ClientConn {
	t.Helper()
	raw, err := mustProtocol(t, client).Dispense(wire.ServiceName)
	if err != nil {
		t.Fatal(err)
	}
	conn, ok := raw.(*grpc.ClientConn)
	if !ok {
		t.Fatalf("dispensed a %T", raw)
	}
	return conn
}

// runOne runs one task on a stream of its own.
func runOne(t *testing.T, conn *grpc.ClientConn, taskType string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stream, err := pb.NewTaskRunnerServiceClient(conn).Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(assign(&pb.Assignment{Seq: 1, Id: make([]byte, 16), Type: taskType, Payload: []byte("{}"), Attempt: 1})); err != nil {
		t.Fatal(err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	var output []byte
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return output
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range response.GetResults() {
			if r.GetOutcome() != pb.Outcome_OUTCOME_COMPLETED {
				t.Fatalf("outcome %v: %v", r.GetOutcome(), r.GetError())
			}
			output = r.GetOutput()
		}
	}
}

func assign(tasks ...*pb.Assignment) *pb.RunRequest {
	return &pb.RunRequest{Message: &pb.RunRequest_Assign{Assign: &pb.Assignments{Tasks: tasks}}}
}

// lockedBuffer is a buffer that two goroutines may use.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// started is a fixture process in a group of its own, with a lifeline.
type started struct {
	cmd      *exec.Cmd
	lifeline io.WriteCloser
	conn     *grpc.ClientConn
	exited   chan struct{}
}

func start(t *testing.T, env ...string) *started {
	t.Helper()
	dir, err := os.MkdirTemp("", "hrsdk") //nolint:usetesting // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	cmd := role(t, "fixture", append(env, wire.CookieKey+"="+wire.CookieValue, "PLUGIN_UNIX_SOCKET_DIR="+dir)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = io.Discard
	lifeline, err := cmd.StdinPipe()
	must(t, err)
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	s := &started{cmd: cmd, lifeline: lifeline, exited: make(chan struct{})}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	must(t, err)
	go func() {
		defer close(s.exited)
		_ = cmd.Wait() // The exit code is judged through ProcessState.
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // Most tests have ended it already.
		<-s.exited
	})
	parts := strings.Split(strings.TrimSpace(line), "|")
	if len(parts) != 6 || strings.Join(parts[:3], "|") != "1|1|unix" || filepath.Dir(filepath.Dir(parts[3])) != dir {
		t.Fatalf("handshake %q", line)
	}
	s.conn = dial(t, parts[3])
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *started) waitExit(t *testing.T) {
	t.Helper()
	select {
	case <-s.exited:
	case <-time.After(patience):
		t.Fatal("the plugin is still there")
	}
}

func TestTheEndOfTheLifelineEndsTheWholeGroup(t *testing.T) {
	t.Parallel()
	s := start(t)
	child, err := strconv.Atoi(string(runOne(t, s.conn, "fixture.spawn")))
	must(t, err)
	if err := syscall.Kill(child, 0); err != nil {
		t.Fatalf("the child is not there: %v", err)
	}
	must(t, s.lifeline.Close())
	s.waitExit(t)
	waitGone(t, child)
}

// waitGone waits until the process is dead; init, or whoever adopts it, may leave
// it as a zombie.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Errorf("process %d is still there", pid)
}

func TestSignalsWaitForTheDrain(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGPIPE} {
		must(t, s.cmd.Process.Signal(signal))
	}
	// A signal is delivered before the process runs on, so an answer proves that
	// it was survived.
	runOne(t, s.conn, "fixture.print")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := pb.NewPluginServiceClient(s.conn).Drain(ctx, &pb.DrainRequest{})
	must(t, err)
	must(t, s.cmd.Process.Signal(syscall.SIGTERM))
	s.waitExit(t)
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestGOGCIsTwoHundredUnlessTold(t *testing.T) {
	t.Parallel()
	if got := runOne(t, start(t).conn, "fixture.gogc"); string(got) != `"200"` {
		t.Errorf("GOGC is %s", got)
	}
	if got := runOne(t, start(t, "GOGC=150").conn, "fixture.gogc"); string(got) != `"150"` {
		t.Errorf("GOGC is %s although the environment says 150", got)
	}
}

func TestShutdownTellsRunningTasks(t *testing.T) {
	t.Parallel()
	s := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stream, err := pb.NewTaskRunnerServiceClient(s.conn).Run(ctx)
	must(t, err)
	must(t, stream.Send(assign(&pb.Assignment{Seq: 9, Type: "fixture.hang"})))
	// Answered in order, so the first task has been started.
	must(t, stream.Send(assign(&pb.Assignment{Seq: 10, Type: "fixture.unknown"})))
	response, err := stream.Recv()
	must(t, err)
	if response.GetResults()[0].GetSeq() != 10 {
		t.Fatalf("first answer %v", response)
	}
	must(t, s.conn.Invoke(ctx, "/plugin.GRPCController/Shutdown", &pb.DrainRequest{}, &pb.DrainResponse{}))
	response, err = stream.Recv()
	must(t, err)
	r := response.GetResults()[0]
	if r.GetSeq() != 9 || r.GetOutcome() != pb.Outcome_OUTCOME_RETRY || r.GetError().GetCode() != "task_cancelled" {
		t.Errorf("result %v", r)
	}
	s.waitExit(t)
}
