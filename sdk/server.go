package sdk

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	wire "github.com/headrace/headrace/sdk/proto"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// stopGrace is how long a stopping server waits for handlers that were told to
// end. The engine's own ladder gives two seconds for the whole of it.
const stopGrace = 1500 * time.Millisecond

// window is gRPC's flow-control window in bytes: a full message and the next.
const window = 2 * wire.MaxMessage

// Server answers the engine for one plugin. Most plugins need only [Serve];
// package plugintest uses a Server in the process of the test.
type Server struct {
	description Description
	tasks       map[string]TaskType
	instances   *instances
	flight      *flight
	log         *slog.Logger
	grpc        *grpc.Server

	// stopping ends when the server begins to stop.
	stopping context.Context
	stop     context.CancelFunc
	// shutdown is the goroutine behind the Shutdown call.
	shutdown sync.WaitGroup
	// readers are the goroutines that read Run streams.
	readers sync.WaitGroup
}

// NewServer makes a server for p, or says everything that is wrong with p. The
// logger takes what concerns the process and no single task; nil drops it.
func NewServer(p Plugin, log *slog.Logger, opts ...grpc.ServerOption) (*Server, error) {
	description, err := Describe(p)
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	tasks := make(map[string]TaskType, len(p.Tasks))
	for _, t := range p.Tasks {
		tasks[t.name] = t
	}
	stopping, stop := context.WithCancel(context.Background())
	s := &Server{
		description: description,
		tasks:       tasks,
		instances:   &instances{config: p.Config},
		flight:      newFlight(),
		log:         log,
		stopping:    stopping,
		stop:        stop,
	}
	s.grpc = grpc.NewServer(append(opts,
		grpc.MaxRecvMsgSize(wire.MaxMessage),
		grpc.MaxSendMsgSize(wire.MaxMessage),
		grpc.InitialWindowSize(window),
		grpc.InitialConnWindowSize(window),
		grpc.UnaryInterceptor(s.recoverUnary),
	)...)
	s.register()
	return s, nil
}

func (s *Server) register() {
	pb.RegisterPluginServiceServer(s.grpc, &pluginService{server: s})
	pb.RegisterTaskRunnerServiceServer(s.grpc, &taskService{server: s})
	s.grpc.RegisterService(&controllerService, s)
	checks := health.NewServer()
	checks.SetServingStatus(healthService, grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(s.grpc, checks)
}

// recoverUnary turns a panic in a hook of the author into an error of the call.
func (s *Server) recoverUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
	defer func() {
		if value := recover(); value != nil {
			s.log.Error("a hook panicked", "call", info.FullMethod,
				"panic", fmt.Sprint(value), "stack", string(debug.Stack()))
			resp, err = nil, status.Error(codes.Internal, "the plugin panicked")
		}
	}()
	return next(ctx, req)
}

// Serve answers on the listener until the server is stopped, then waits for
// everything it started.
func (s *Server) Serve(listener net.Listener) error {
	err := s.grpc.Serve(listener)
	s.shutdown.Wait()
	s.readers.Wait()
	s.instances.closeAll()
	return err
}

// Stop tells all handlers to end, waits for them for a short while, and closes
// the server. A handler that does not end is left behind and logged; in a plugin
// process it dies with the process. Stop may be called more than once.
func (s *Server) Stop() {
	s.stop()
	graceful := make(chan struct{})
	// GracefulStop has no deadline of its own, and cannot be called off.
	go func() {
		defer close(graceful)
		s.grpc.GracefulStop()
	}()
	select {
	case <-graceful:
	case <-time.After(stopGrace):
		s.log.Warn("handlers did not end in time", "grace", stopGrace.String())
	}
	s.grpc.Stop()
}

// drained tells whether the engine has drained the plugin or begun to stop it.
func (s *Server) drained() bool {
	return s.flight.drained() || s.stopping.Err() != nil
}

// healthService is the name that go-plugin asks gRPC health for.
const healthService = "plugin"

// controllerService is go-plugin's GRPCController: its generated code is internal
// to that module, and its one call takes and gives an empty message.
var controllerService = grpc.ServiceDesc{
	ServiceName: "plugin.GRPCController",
	HandlerType: (*controller)(nil),
	Methods: []grpc.MethodDesc{{
		MethodName: "Shutdown",
		Handler:    handleShutdown,
	}},
}

type controller interface{ shutdownSoon() }

// shutdownSoon stops the server behind the answer to the call.
func (s *Server) shutdownSoon() { s.shutdown.Go(s.Stop) }

//nolint:revive // grpc.MethodDesc fixes the order
func handleShutdown(server any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	if err := decode(new(emptypb.Empty)); err != nil {
		return nil, err
	}
	if c, ok := server.(controller); ok {
		c.shutdownSoon()
	}
	return new(emptypb.Empty), nil
}
