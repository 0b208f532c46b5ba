package pluginhost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	ossignal "os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/headrace/headrace/sdk"
	wire "github.com/headrace/headrace/sdk/proto"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// The test binary is also the plugin: with fakeEnv set it serves a plugin whose
// faults are listed there, separated by commas.
const fakeEnv = "FAKE_PLUGIN"

// fakePlugin is a plugin that misbehaves on request. Task types are verbs; see run.
type fakePlugin struct {
	pb.UnimplementedPluginServiceServer
	// stderr is the real one: go-plugin's Serve replaces os.Stderr.
	stderr *os.File
	pb.UnimplementedTaskRunnerServiceServer
	faults   []string
	children []int
}

func (f *fakePlugin) has(fault string) bool { return slices.Contains(f.faults, fault) }

// serveFake is the main function of the fake plugin.
func serveFake() {
	f := &fakePlugin{stderr: os.Stderr, faults: strings.Split(os.Getenv(fakeEnv), ",")}
	if f.has("exit-at-once") {
		fmt.Fprintln(os.Stderr, "cannot find my\x1b[31m library")
		os.Exit(3)
	}
	if f.has("stray-line") {
		fmt.Println("hello from a library")
	}
	if f.has("silent") {
		<-time.After(time.Hour)
	}
	if f.has("wrapper") || f.has("foreign") {
		wrap(f.has("foreign"))
	}
	if f.has("sdk") {
		serveSDK()
	}
	if f.has("long-line") {
		fmt.Fprintln(os.Stderr, strings.Repeat("x", 200<<10))
		fmt.Fprintln(os.Stderr, "the line after it")
	}
	if f.has("child") {
		f.startChild(false)
	}
	if f.has("runaway") { // holds standard error from a session of its own
		f.startChild(true)
	}
	if f.has("deaf") {
		ossignal.Ignore(syscall.SIGTERM)
	}
	shell := fakeShell{fake: f}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: wire.Version, MagicCookieKey: wire.CookieKey, MagicCookieValue: wire.CookieValue,
		},
		Plugins: plugin.PluginSet{wire.ServiceName: &shell},
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts, grpc.MaxRecvMsgSize(64<<20), grpc.MaxSendMsgSize(128<<20))...)
		},
	})
	if f.has("lingering") {
		<-time.After(time.Hour)
	}
}

// wrap starts the plugin proper as a child, as the launchers of interpreters do;
// away puts it into a group of its own.
func wrap(away bool) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fakeEnv+"=serve")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: away, Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // the signal comes with the end of this thread
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(1)
}

// serveSDK serves the plugin that an author would write.
func serveSDK() {
	echo := func(_ context.Context, in json.RawMessage) (json.RawMessage, error) { return in, nil }
	sdk.Serve(sdk.Plugin{Name: "fake", Version: "1.0", Tasks: []sdk.TaskType{sdk.Task("echo", echo)}})
	os.Exit(0)
}

func (f *fakePlugin) startChild(session bool) {
	cmd := exec.Command("/bin/sleep", "300")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if session {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	f.children = append(f.children, cmd.Process.Pid)
}

type fakeShell struct {
	plugin.NetRPCUnsupportedPlugin
	fake *fakePlugin
}

func (s *fakeShell) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	pb.RegisterPluginServiceServer(server, s.fake)
	pb.RegisterTaskRunnerServiceServer(server, s.fake)
	return nil
}

func (s *fakeShell) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("no client here")
}

func (f *fakePlugin) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	if f.has("stop-in-describe") {
		stopSelf()
	}
	answer := &pb.DescribeResponse{
		Name: "fake", Version: "1.0", ApiVersions: []uint32{wire.Version},
		TaskTypes: []*pb.TaskType{{Name: "echo"}},
	}
	for _, pid := range f.children {
		answer.Capabilities = append(answer.Capabilities, fmt.Sprint(pid))
	}
	if f.has("bad-name") {
		answer.Name = "No Name"
	}
	if f.has("environment") {
		answer.Capabilities = nil
		for _, entry := range os.Environ() {
			name, _, _ := strings.Cut(entry, "=")
			answer.Capabilities = append(answer.Capabilities, name)
		}
	}
	return answer, nil
}

func (f *fakePlugin) Open(_ context.Context, in *pb.OpenRequest) (*pb.OpenResponse, error) {
	if f.has("die-in-open") {
		fmt.Fprintln(f.stderr, "open: no such database")
		os.Exit(4)
	}
	if f.has("refuse-config") {
		return &pb.OpenResponse{Diagnostics: []*pb.Diagnostic{{Path: []string{"dial", "port"}, Summary: "is " + string(in.GetConfig())}}}, nil
	}
	return &pb.OpenResponse{}, nil
}

func (f *fakePlugin) Drain(context.Context, *pb.DrainRequest) (*pb.DrainResponse, error) {
	if f.has("stop-in-drain") {
		stopSelf()
	}
	return &pb.DrainResponse{}, nil
}

func stopSelf() {
	if err := syscall.Kill(os.Getpid(), syscall.SIGSTOP); err != nil {
		panic(err)
	}
	<-time.After(time.Hour) // the signal reaches the other threads a little later
}

// fakeRun is one Run stream.
type fakeRun struct {
	stderr  *os.File
	stream  grpc.BidiStreamingServer[pb.RunRequest, pb.RunResponse]
	mu      sync.Mutex
	hanging map[uint64]*pb.Assignment
}

func (f *fakePlugin) Run(stream grpc.BidiStreamingServer[pb.RunRequest, pb.RunResponse]) error {
	r := &fakeRun{stderr: f.stderr, stream: stream, hanging: map[uint64]*pb.Assignment{}}
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if c := request.GetCancel(); c != nil {
			r.cancel(c)
			continue
		}
		if err := r.assign(request.GetAssign().GetTasks()); err != nil {
			return err
		}
	}
}

func (r *fakeRun) cancel(c *pb.Cancellations) {
	answer := &pb.RunResponse{}
	for _, seq := range c.GetSeqs() {
		if r.hanging[seq].GetType() == "hang" {
			answer.Results = append(answer.Results, &pb.Result{
				Seq: seq, Outcome: pb.Outcome_OUTCOME_REJECTED,
				Error: &pb.Error{Code: "task_cancelled", Message: c.GetReason().String()},
			})
		}
	}
	r.send(answer)
}

func (r *fakeRun) send(answer *pb.RunResponse) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.stream.Send(answer); err != nil {
		fmt.Fprintln(os.Stderr, "send:", err)
	}
}

var errEndOfStream = errors.New("the stream ends here")

// assign answers what can be answered at once in one message.
func (r *fakeRun) assign(tasks []*pb.Assignment) error {
	answer := &pb.RunResponse{}
	for _, t := range tasks {
		done := &pb.Result{Seq: t.GetSeq(), Outcome: pb.Outcome_OUTCOME_COMPLETED, Output: t.GetPayload()}
		switch t.GetType() {
		case "hang", "stubborn":
			r.hanging[t.GetSeq()] = t
			continue
		case "exit":
			r.send(answer)
			fmt.Fprintln(r.stderr, "panic: on request")
			os.Exit(3)
		case "stop":
			stopSelf()
		case "end-stream":
			return errEndOfStream
		case "twice":
			answer.Results = append(answer.Results, done)
		case "unknown-seq":
			answer.Results = append(answer.Results, &pb.Result{Seq: t.GetSeq() + 1<<40, Outcome: pb.Outcome_OUTCOME_COMPLETED})
		case "large":
			done.Output = []byte(`"` + strings.Repeat("x", wire.MaxMessage) + `"`)
		case "huge":
			done.Output = make([]byte, 3*wire.MaxMessage)
		case "print":
			fmt.Println("printed\x07 by a task")
		case "talk":
			answer.Progress = append(answer.Progress, &pb.Progress{Seq: t.GetSeq(), Fraction: 0.1}, &pb.Progress{Seq: t.GetSeq(), Fraction: 0.5, Note: "half\n"})
			answer.Logs = append(answer.Logs, &pb.LogLine{Seq: t.GetSeq(), Level: pb.Level_LEVEL_WARN, Message: "bell\x07", Fields: []byte(`{"a":1}`)})
		case "large-fail":
			done = &pb.Result{Seq: t.GetSeq(), Outcome: pb.Outcome_OUTCOME_RETRY, Error: &pb.Error{Code: "network_error", Message: "no route", RetryAfterMs: 1500, Blame: pb.Blame_BLAME_DESTINATION}}
		}
		answer.Results = append(answer.Results, done)
	}
	r.send(answer)
	return nil
}
