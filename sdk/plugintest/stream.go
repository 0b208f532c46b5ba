package plugintest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/headrace/headrace/sdk/fault"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// stream is the engine's side of one Run stream, for one test.
type stream struct {
	client grpc.BidiStreamingClient[pb.RunRequest, pb.RunResponse]

	// sending guards client.Send.
	sending sync.Mutex
	mu      sync.Mutex
	seq     uint64
	waiting map[uint64]*pending
	// broken is why the stream ended, once it has.
	broken error
}

// pending is an attempt without an outcome. Its outcome is written by the reader
// until done is closed.
type pending struct {
	outcome Outcome
	done    chan struct{}
}

func openStream(t testing.TB, client pb.TaskRunnerServiceClient) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	run, err := client.Run(ctx)
	if err != nil {
		cancel()
		t.Fatalf("plugintest: run: %v", err)
	}
	s := &stream{client: run, waiting: map[uint64]*pending{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.receive()
	}()
	t.Cleanup(func() {
		if err := run.CloseSend(); err != nil {
			t.Errorf("plugintest: end the stream: %v", err)
		}
		stop := time.AfterFunc(patience, cancel)
		<-done
		if !stop.Stop() {
			t.Errorf("plugintest: the plugin did not end its tasks within %s", patience)
		}
		cancel()
	})
	return s
}

// do hands one attempt over and waits for its outcome, which it also gets when
// ctx ends first: then the attempt is cancelled.
func (s *stream) do(ctx context.Context, t testing.TB, a *pb.Assignment) Outcome {
	t.Helper()
	p := s.enter(a)
	s.send(t, &pb.RunRequest{Message: &pb.RunRequest_Assign{Assign: &pb.Assignments{Tasks: []*pb.Assignment{a}}}})
	select {
	case <-p.done:
		return p.outcome
	case <-ctx.Done():
	}
	s.send(t, &pb.RunRequest{Message: &pb.RunRequest_Cancel{Cancel: &pb.Cancellations{
		Seqs: []uint64{a.GetSeq()}, Reason: reasonOf(ctx),
	}}})
	select {
	case <-p.done:
		return p.outcome
	case <-time.After(patience):
		t.Fatalf("plugintest: the handler of %s did not end within %s of its cancellation", a.GetType(), patience)
		return Outcome{}
	}
}

func reasonOf(ctx context.Context) pb.CancelReason {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return pb.CancelReason_CANCEL_REASON_TIMEOUT
	}
	return pb.CancelReason_CANCEL_REASON_REQUESTED
}

// enter gives the attempt a number and a place to wait at.
func (s *stream) enter(a *pb.Assignment) *pending {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	a.Seq = s.seq
	p := &pending{done: make(chan struct{})}
	if s.broken != nil {
		p.fail(s.broken)
		return p
	}
	s.waiting[a.Seq] = p
	return p
}

func (s *stream) send(t testing.TB, r *pb.RunRequest) {
	t.Helper()
	s.sending.Lock()
	defer s.sending.Unlock()
	// The reader learns the reason when the stream is broken.
	if err := s.client.Send(r); err != nil && !errors.Is(err, io.EOF) {
		t.Fatalf("plugintest: send: %v", err)
	}
}

// receive reads until the plugin ends the stream.
func (s *stream) receive() {
	for {
		response, err := s.client.Recv()
		if err != nil {
			s.breakUp(err)
			return
		}
		s.take(response)
	}
}

// breakUp ends everything that still waits: without a stream there is no outcome.
func (s *stream) breakUp(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err
	for seq, p := range s.waiting {
		p.fail(err)
		delete(s.waiting, seq)
	}
}

func (p *pending) fail(err error) {
	p.outcome.Fault = &fault.Error{Code: fault.InternalError, Msg: "the stream to the plugin ended", Err: err}
	close(p.done)
}

// take files one message: lines and progress first, as they belong before the end.
func (s *stream) take(r *pb.RunResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range r.GetLogs() {
		if p := s.waiting[l.GetSeq()]; p != nil {
			p.outcome.Logs = append(p.outcome.Logs, logOf(l))
		}
	}
	for _, g := range r.GetProgress() {
		if p := s.waiting[g.GetSeq()]; p != nil {
			p.outcome.Progress = append(p.outcome.Progress, Progress{Fraction: g.GetFraction(), Note: g.GetNote()})
		}
	}
	for _, result := range r.GetResults() {
		if p := s.waiting[result.GetSeq()]; p != nil {
			p.end(result)
			delete(s.waiting, result.GetSeq())
		}
	}
}

func (p *pending) end(r *pb.Result) {
	defer close(p.done)
	if r.GetOutcome() == pb.Outcome_OUTCOME_COMPLETED {
		p.outcome.Result = r.GetOutput()
		return
	}
	p.outcome.Fault = faultOf(r.GetError())
	p.outcome.Retry = r.GetOutcome() == pb.Outcome_OUTCOME_RETRY
}

func faultOf(e *pb.Error) *fault.Error {
	f := &fault.Error{
		Code:       fault.Code(e.GetCode()),
		Msg:        e.GetMessage(),
		RetryAfter: time.Duration(e.GetRetryAfterMs()) * time.Millisecond,
	}
	switch e.GetRetry() {
	case pb.RetryWish_RETRY_WISH_ALWAYS:
		f.Retry = fault.Always
	case pb.RetryWish_RETRY_WISH_NEVER:
		f.Retry = fault.Never
	case pb.RetryWish_RETRY_WISH_UNSPECIFIED:
	}
	f.Details = object(e.GetDetails())
	return f
}

func logOf(l *pb.LogLine) Log {
	level := map[pb.Level]string{
		pb.Level_LEVEL_DEBUG: "debug", pb.Level_LEVEL_INFO: "info",
		pb.Level_LEVEL_WARN: "warn", pb.Level_LEVEL_ERROR: "error",
	}[l.GetLevel()]
	return Log{Level: level, Message: l.GetMessage(), Fields: object(l.GetFields())}
}

// object reads a JSON object of the SDK's own making; nothing is nil.
func object(raw []byte) map[string]any {
	if len(raw) == 0 {
		return nil
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return map[string]any{"not_json": string(raw)}
	}
	return fields
}

// Progressing returns the newest progress of the attempts that run.
func (p *Plugin) Progressing() []Progress {
	s := p.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	var newest []Progress
	for _, w := range s.waiting {
		if n := len(w.outcome.Progress); n > 0 {
			newest = append(newest, w.outcome.Progress[n-1])
		}
	}
	return newest
}
