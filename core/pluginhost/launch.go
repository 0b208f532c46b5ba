package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/headrace/headrace/core/pluginhost/process"
	wire "github.com/headrace/headrace/sdk/proto"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

const (
	// receiveLimit is what the connection takes in one message, in bytes. It is
	// above what the contract allows, so that an answer which is too large can be
	// read and laid at its attempt's door instead of ending the stream.
	receiveLimit = 2 * wire.MaxMessage
	// window is gRPC's flow-control window in bytes: a full message and the next.
	window = 2 * wire.MaxMessage
	// instance is the engine's name for the plugin block's configuration.
	instance = "plugin"
	// healthService is the name that go-plugin's health checks use.
	healthService = plugin.GRPCServiceName
)

// launch starts the process and leads it to ready. After an error nothing of it
// runs any more.
func (g *generation) launch(ctx context.Context) error {
	for _, step := range []struct {
		stage Stage
		limit time.Duration
		do    func(context.Context) error
		then  State
	}{
		{StageHandshake, g.limits.Handshake, g.connect, StateStarting},
		{StageDescribe, g.limits.Describe, g.describe, StateDescribed},
		{StageOpen, g.limits.Open, g.open, StateConfigured},
		{StageHealth, g.limits.Health, g.checkHealth, StateReady},
	} {
		if err := within(ctx, step.limit, step.do); err != nil {
			return g.abort(ctx, step.stage, err)
		}
		if step.then != StateStarting {
			g.become(step.then)
		}
	}
	if err := g.startWork(ctx); err != nil {
		return g.abort(ctx, StageConnect, err)
	}
	return nil
}

// within runs a step with a deadline of its own.
func within(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	step, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := do(step)
	if err != nil && step.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("not done within %s: %w", limit, err)
	}
	return err
}

// connect starts the process, shakes hands and opens the connection.
func (g *generation) connect(ctx context.Context) error {
	config := g.clientConfig(ctx)
	g.client = plugin.NewClient(config)
	// go-plugin knows no context; the end of the process ends its waits.
	stop := context.AfterFunc(ctx, func() { g.kill() })
	defer stop()
	address, err := g.client.Start()
	g.noteStart()
	if err != nil {
		return err
	}
	g.address = address.String()
	if err := g.chooseTLS(config); err != nil {
		return err
	}
	protocol, err := g.client.Client()
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if err := g.dialError(); err != nil {
		return err
	}
	client, ok := protocol.(*plugin.GRPCClient)
	if !ok {
		return fmt.Errorf("the plugin speaks %T, not gRPC", protocol)
	}
	g.conn, g.plugin = client.Conn, pb.NewPluginServiceClient(client.Conn)
	return ctx.Err()
}

func (g *generation) clientConfig(ctx context.Context) *plugin.ClientConfig {
	return &plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: wire.Version, MagicCookieKey: wire.CookieKey, MagicCookieValue: wire.CookieValue,
		},
		Plugins:          plugin.PluginSet{},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         g.cfg.TLS != TLSOff,
		SkipHostEnv:      true,
		StartTimeout:     g.limits.Handshake,
		Logger:           hclog.NewNullLogger(), // the host tells what happens in its own words
		SyncStdout:       process.NewLines(g.printed),
		SyncStderr:       process.NewLines(g.printed),
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: g.runDir},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, socketDir string) (runner.Runner, error) {
			return g.prepare(cmd.Env, socketDir), ctx.Err()
		},
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithContextDialer(g.dial),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(receiveLimit), grpc.MaxCallSendMsgSize(wire.MaxMessage)),
			grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(window),
		},
	}
}

// prepare makes the process for go-plugin, which has chosen the socket's folder
// and variables of its own.
func (g *generation) prepare(env []string, socketDir string) *process.Process {
	g.socketDir = socketDir
	p := process.New(process.Spec{
		Path: g.cfg.Command, Args: g.cfg.Args,
		Env:       append(process.Environment(g.cfg.Env), env...),
		SocketDir: socketDir, Log: g.log, Watcher: g.guard,
	})
	g.mu.Lock()
	defer g.mu.Unlock()
	g.process = p
	return p
}

// printed passes on what comes over the connection, so after the start.
func (g *generation) printed(line []byte, cut int) { g.process.Printed(line, cut) }

// kill ends the process if there is one yet.
func (g *generation) kill() {
	g.mu.Lock()
	p := g.process
	g.mu.Unlock()
	if p != nil {
		p.Signal(unix.SIGKILL)
	}
}

// noteStart shows the process to Status.
func (g *generation) noteStart() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.process != nil {
		g.pid = g.process.PID()
	}
}

// dial connects to the address of the handshake.
func (g *generation) dial(ctx context.Context, _ string) (net.Conn, error) {
	conn, err := g.process.Dial(ctx, g.address)
	g.noteDial(err)
	return conn, err
}

// chooseTLS does without encryption when the plugin has sent no certificate.
func (g *generation) chooseTLS(config *plugin.ClientConfig) error {
	if config.TLSConfig == nil || config.TLSConfig.RootCAs != nil {
		return nil
	}
	if g.cfg.TLS == TLSOn {
		return errors.New("transport_tls is on, and the plugin does not encrypt")
	}
	config.TLSConfig = nil
	return nil
}

func (g *generation) describe(ctx context.Context) error {
	answer, err := g.plugin.Describe(ctx, &pb.DescribeRequest{})
	if err != nil {
		return err
	}
	g.description, err = describe(answer)
	return err
}

func (g *generation) open(ctx context.Context) error {
	answer, err := g.plugin.Open(ctx, &pb.OpenRequest{
		Instance: instance, Kind: pb.Kind_KIND_PLUGIN, Config: g.cfg.Config,
	})
	if err != nil {
		return err
	}
	if len(answer.GetDiagnostics()) > 0 {
		return &refusal{diagnostics: diagnostics(answer.GetDiagnostics())}
	}
	return nil
}

// refusal carries what a plugin finds wrong to abort.
type refusal struct{ diagnostics []Diagnostic }

func (*refusal) Error() string { return "the plugin refuses its configuration" }

// maxDiagnostics is more than anybody reads.
const maxDiagnostics = 100

func diagnostics(in []*pb.Diagnostic) []Diagnostic {
	out := make([]Diagnostic, 0, min(len(in), maxDiagnostics))
	for _, d := range in[:cap(out)] {
		path := make([]string, 0, len(d.GetPath()))
		for _, name := range d.GetPath() {
			path = append(path, process.Clean(name, maxWord))
		}
		out = append(out, Diagnostic{
			Path: path, Summary: process.Clean(d.GetSummary(), maxNote), Detail: process.Clean(d.GetDetail(), maxText),
		})
	}
	return out
}

// checkHealth asks once.
func (g *generation) checkHealth(ctx context.Context) error {
	answer, err := grpc_health_v1.NewHealthClient(g.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: healthService})
	if err != nil {
		return err
	}
	if s := answer.GetStatus(); s != grpc_health_v1.HealthCheckResponse_SERVING {
		return fmt.Errorf("the plugin says %s", s)
	}
	return nil
}

// abort ends a start that failed and says why.
func (g *generation) abort(ctx context.Context, stage Stage, cause error) error {
	out := &StartError{Slot: g.cfg.Name, Stage: stage, Err: cause}
	if refused, ok := errors.AsType[*refusal](cause); ok {
		out.Diagnostics = refused.diagnostics
	}
	if g.process == nil || g.process.PID() == 0 {
		out.Stage, out.Err = StageStart, explainStart(cause)
		g.removeSocket()
		g.become(StateFailed)
		return out
	}
	if waitFor(g.process.Exited(), farewell/10) && !g.process.Killed() {
		out.Status = g.process.Status()
	}
	if stage == StageHandshake {
		out.Err = g.explainHandshake(cause, out.Status != "")
	}
	g.end()
	out.Stderr = g.process.LastWords()
	if ctx.Err() != nil {
		g.become(StateStopped)
		return ctx.Err()
	}
	g.become(StateFailed)
	return out
}

// explainStart adds what people ask themselves when a program does not start.
func explainStart(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w (or the interpreter in its first line is missing)", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w (is it executable for this user?)", err)
	case errors.Is(err, syscall.ENOEXEC):
		return fmt.Errorf("%w (is it a program for this kind of machine?)", err)
	}
	return err
}

// explainHandshake says what went wrong instead of what go-plugin makes of it.
func (g *generation) explainHandshake(err error, exited bool) error {
	line, printed := g.process.FirstLine()
	switch {
	case !printed && exited:
		return errors.New("it ended before the handshake")
	case !printed:
		return fmt.Errorf("no handshake within %s: is it a plugin of this engine?", g.limits.Handshake)
	case strings.Count(line, "|") < 3:
		return fmt.Errorf("it printed %q to standard output, where only the handshake belongs", process.Clean(line, maxNote))
	}
	return err
}
