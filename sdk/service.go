package sdk

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// pluginService is PluginService on a Server.
type pluginService struct {
	pb.UnimplementedPluginServiceServer
	server *Server
}

// taskService is TaskRunnerService on a Server.
type taskService struct {
	pb.UnimplementedTaskRunnerServiceServer
	server *Server
}

// Run serves one stream of tasks.
func (s *taskService) Run(stream runStream) error { return newSession(s.server, stream).run() }

// Describe says who the plugin is.
func (s *pluginService) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	return s.server.description.Proto(), nil
}

// Open makes the instance of the plugin block.
func (s *pluginService) Open(ctx context.Context, r *pb.OpenRequest) (*pb.OpenResponse, error) {
	if r.GetKind() != pb.Kind_KIND_PLUGIN {
		return nil, status.Errorf(codes.Unimplemented, "this plugin has no instances of kind %s", r.GetKind())
	}
	diagnostics, err := s.server.instances.openNew(ctx, r.GetInstance(), r.GetConfig())
	return &pb.OpenResponse{Diagnostics: diagnosticsProto(diagnostics)}, err
}

// Reopen replaces the configuration of the instance.
func (s *pluginService) Reopen(ctx context.Context, r *pb.ReopenRequest) (*pb.ReopenResponse, error) {
	diagnostics, err := s.server.instances.reopen(ctx, r.GetInstance(), r.GetConfig())
	return &pb.ReopenResponse{Diagnostics: diagnosticsProto(diagnostics)}, err
}

// Close ends the instance.
func (s *pluginService) Close(_ context.Context, r *pb.CloseRequest) (*pb.CloseResponse, error) {
	s.server.instances.close(r.GetInstance())
	return &pb.CloseResponse{}, nil
}

// Check tests the instance's connections.
func (s *pluginService) Check(ctx context.Context, r *pb.CheckRequest) (*pb.CheckResponse, error) {
	diagnostics, err := s.server.instances.check(ctx, r.GetInstance())
	return &pb.CheckResponse{Diagnostics: diagnosticsProto(diagnostics)}, err
}

// Drain waits until nothing is in flight.
func (s *pluginService) Drain(ctx context.Context, _ *pb.DrainRequest) (*pb.DrainResponse, error) {
	if err := s.server.flight.drain(ctx); err != nil {
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	return &pb.DrainResponse{}, nil
}

func diagnosticsProto(diagnostics []Diagnostic) []*pb.Diagnostic {
	out := make([]*pb.Diagnostic, 0, len(diagnostics))
	for _, d := range diagnostics {
		path := make([]string, len(d.Path))
		for i, step := range d.Path {
			path[i] = cleanText(step, maxNote)
		}
		out = append(out, &pb.Diagnostic{
			Path:    path,
			Summary: cleanText(d.Summary, maxMessage),
			Detail:  cleanText(d.Detail, maxMessage),
		})
	}
	return out
}
