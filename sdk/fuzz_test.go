package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/headrace/headrace/sdk"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// frames is a Run stream whose engine's side is a list of messages.
type frames struct {
	grpc.ServerStream
	ctx  context.Context
	in   []*pb.RunRequest
	sent []*pb.RunResponse
}

func (f *frames) Context() context.Context { return f.ctx }

func (f *frames) Recv() (*pb.RunRequest, error) {
	if len(f.in) == 0 {
		return nil, io.EOF
	}
	next := f.in[0]
	f.in = f.in[1:]
	return next, nil
}

func (f *frames) Send(r *pb.RunResponse) error {
	f.sent = append(f.sent, r)
	return nil
}

// fuzzed has a type for each way that a handler may end.
func fuzzed() sdk.Plugin {
	return sdk.Plugin{Name: "p", Tasks: []sdk.TaskType{
		sdk.Task("echo", noop),
		sdk.Task("typed", func(_ context.Context, in described) (described, error) { return in, nil }),
		sdk.Task("fail", func(context.Context, json.RawMessage) (int, error) { return 0, errors.New("\xff") }),
		sdk.Task("panic", func(context.Context, json.RawMessage) (int, error) { panic("p") }),
	}}
}

// FuzzRunRequest hands any frames to a stream: every number that is assigned gets
// exactly one result that can be sent, and nothing breaks.
func FuzzRunRequest(f *testing.F) {
	for _, seed := range []*pb.RunRequest{
		{},
		assign(&pb.Assignment{Seq: 1, Type: "echo", Payload: []byte(`{"a":1}`), Id: make([]byte, 16), TimeoutMs: 1 << 62}),
		assign(&pb.Assignment{Seq: 1, Type: "typed", Payload: []byte(`{"name":"x"}`)}, &pb.Assignment{Seq: 2, Type: "fail"}),
		assign(&pb.Assignment{Seq: 1, Type: "panic", Attempt: -1, TimeoutMs: -1}, &pb.Assignment{Type: "none"}),
		{Message: &pb.RunRequest_Cancel{Cancel: &pb.Cancellations{Seqs: []uint64{1, 2}, Reason: 99}}},
	} {
		raw, err := proto.Marshal(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, raw)
	}
	server, err := sdk.NewServer(fuzzed(), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		stream := &frames{ctx: t.Context()}
		assigned := map[uint64]bool{}
		for _, raw := range [][]byte{first, second} {
			var r pb.RunRequest
			if proto.Unmarshal(raw, &r) != nil {
				continue
			}
			stream.in = append(stream.in, &r)
			for _, a := range r.GetAssign().GetTasks() {
				assigned[a.GetSeq()] = true
			}
		}
		if err := sdk.RunStream(server, stream); err != nil {
			t.Fatal(err)
		}
		checkResponses(t, stream.sent, assigned)
	})
}

func checkResponses(t *testing.T, sent []*pb.RunResponse, assigned map[uint64]bool) {
	t.Helper()
	for _, response := range sent {
		if _, err := proto.Marshal(response); err != nil {
			t.Fatalf("a message that cannot be sent: %v", err)
		}
		for _, r := range response.GetResults() {
			if !assigned[r.GetSeq()] || r.GetOutcome() == pb.Outcome_OUTCOME_UNSPECIFIED {
				t.Fatalf("result %v", r)
			}
			if (r.GetError() == nil) != (r.GetOutcome() == pb.Outcome_OUTCOME_COMPLETED) || !utf8.ValidString(r.GetError().GetMessage()) {
				t.Fatalf("result %v", r)
			}
		}
	}
	answered := map[uint64]bool{}
	for _, response := range sent {
		for _, r := range response.GetResults() {
			answered[r.GetSeq()] = true
		}
	}
	if len(answered) != len(assigned) {
		t.Fatalf("%d assigned, %d answered", len(assigned), len(answered))
	}
}
