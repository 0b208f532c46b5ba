package plugintest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/pprof"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/headrace/headrace/sdk"
	wire "github.com/headrace/headrace/sdk/proto"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// patience bounds what a correct plugin does at once: start, configure, end.
const patience = 10 * time.Second

// instanceName is the name of the one instance that the package opens.
const instanceName = "plugintest"

// Plugin is a plugin that runs inside a test.
type Plugin struct {
	t       testing.TB
	service pb.PluginServiceClient
	stream  *stream
	schemas map[string]schemas
}

// Option changes how a plugin is started.
type Option func(*options)

type options struct {
	config     any
	allowLeaks bool
}

// WithConfig is the plugin's config block: a struct, a map or a json.RawMessage.
// Without it the block is empty.
func WithConfig(config any) Option { return func(o *options) { o.config = config } }

// AllowLeaks switches the check for goroutines off, for plugins that keep some for
// the life of the process.
func AllowLeaks() Option { return func(o *options) { o.allowLeaks = true } }

// Start serves p, opens its configuration and stops it when the test ends. It
// fails the test when the plugin or its configuration is wrong.
func Start(t testing.TB, p sdk.Plugin, opts ...Option) *Plugin {
	t.Helper()
	o := gather(opts)
	running := serve(t, p, o)
	if diagnostics := running.open(o.config); len(diagnostics) > 0 {
		t.Fatalf("plugintest: plugin %s refused its configuration: %+v", p.Name, diagnostics)
	}
	running.stream = openStream(t, pb.NewTaskRunnerServiceClient(running.conn))
	return running.Plugin
}

// Configure serves p only to hand it a configuration, and returns what it finds
// wrong with it.
func Configure(t testing.TB, p sdk.Plugin, config any) []sdk.Diagnostic {
	t.Helper()
	return serve(t, p, options{}).open(config)
}

func gather(opts []Option) options {
	o := options{config: map[string]any{}}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// served is a plugin whose server answers.
type served struct {
	*Plugin
	conn *grpc.ClientConn
}

// serve starts the server under a label, so that the goroutines of this plugin
// can be told from all others.
func serve(t testing.TB, p sdk.Plugin, o options) served {
	t.Helper()
	label := fmt.Sprintf("%s/%s/%s", t.Name(), p.Name, rand.Text()) // an address could come again
	if !o.allowLeaks {
		// Registered first, so it runs last.
		t.Cleanup(func() { checkLeaks(t, label) })
	}
	var running served
	pprof.Do(t.Context(), pprof.Labels(leakLabel, label), func(context.Context) {
		running = connect(t, p) //nolint:contextcheck // the context of the test serves
	})
	return running
}

func connect(t testing.TB, p sdk.Plugin) served {
	t.Helper()
	server, err := sdk.NewServer(p, nil)
	if err != nil {
		t.Fatalf("plugintest: %v", err)
	}
	schemas, err := compileSchemas(p)
	if err != nil {
		t.Fatalf("plugintest: plugin %s: %v", p.Name, err)
	}
	address := listen(t, server)
	conn, err := grpc.NewClient("unix:"+address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(wire.MaxMessage), grpc.MaxCallSendMsgSize(wire.MaxMessage)))
	if err != nil {
		t.Fatalf("plugintest: connect: %v", err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Errorf("plugintest: close the connection: %v", err)
		}
	})
	return served{
		Plugin: &Plugin{t: t, service: pb.NewPluginServiceClient(conn), schemas: schemas},
		conn:   conn,
	}
}

// listen serves on a socket with a short path: the system allows about 100 bytes,
// which the test's own folder may exceed.
func listen(t testing.TB, server *sdk.Server) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "hrpt") //nolint:usetesting // a socket's path must be short
	if err != nil {
		t.Fatalf("plugintest: %v", err)
	}
	address := filepath.Join(folder, "s")
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", address)
	if err != nil {
		t.Fatalf("plugintest: %v", err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Errorf("plugintest: serve: %v", err)
		}
		if err := os.RemoveAll(folder); err != nil {
			t.Errorf("plugintest: %v", err)
		}
	})
	return address
}

// open hands the configuration to the plugin.
func (p *Plugin) open(config any) []sdk.Diagnostic {
	p.t.Helper()
	raw, err := json.Marshal(config)
	if err != nil {
		p.t.Fatalf("plugintest: write the configuration as JSON: %v", err)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	answer, err := p.service.Open(ctx, &pb.OpenRequest{
		Instance: instanceName, Kind: pb.Kind_KIND_PLUGIN, Config: raw,
	})
	if err != nil {
		p.t.Fatalf("plugintest: open: %v", err)
	}
	return diagnosticsOf(answer.GetDiagnostics())
}

// Reconfigure replaces the configuration; running attempts keep theirs. It returns
// what the plugin finds wrong, and then the old one stays.
func (p *Plugin) Reconfigure(config any) []sdk.Diagnostic {
	p.t.Helper()
	raw, err := json.Marshal(config)
	if err != nil {
		p.t.Fatalf("plugintest: write the configuration as JSON: %v", err)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	answer, err := p.service.Reopen(ctx, &pb.ReopenRequest{Instance: instanceName, Config: raw})
	if err != nil {
		p.t.Fatalf("plugintest: reopen: %v", err)
	}
	return diagnosticsOf(answer.GetDiagnostics())
}

// Check asks the plugin to test its connections.
func (p *Plugin) Check(ctx context.Context) []sdk.Diagnostic {
	p.t.Helper()
	answer, err := p.service.Check(ctx, &pb.CheckRequest{Instance: instanceName})
	if err != nil {
		p.t.Fatalf("plugintest: check: %v", err)
	}
	return diagnosticsOf(answer.GetDiagnostics())
}

// Drain asks the plugin to finish what it has and to take nothing new.
func (p *Plugin) Drain(ctx context.Context) error {
	_, err := p.service.Drain(ctx, &pb.DrainRequest{})
	return err
}

func diagnosticsOf(in []*pb.Diagnostic) []sdk.Diagnostic {
	out := make([]sdk.Diagnostic, 0, len(in))
	for _, d := range in {
		out = append(out, sdk.Diagnostic{Path: d.GetPath(), Summary: d.GetSummary(), Detail: d.GetDetail()})
	}
	return out
}
