package sdk

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// maxInFlight bounds the attempts that one stream runs at the same time. The
// engine's own limits are far lower; this one is against a broken engine.
const maxInFlight = 16384

// runStream is the plugin's side of TaskRunnerService.Run.
type runStream = grpc.BidiStreamingServer[pb.RunRequest, pb.RunResponse]

// session is one Run stream: a reader, a sender, and a worker for each attempt.
type session struct {
	server *Server
	stream runStream
	out    *outbox
	// base is the parent of every attempt's context; end gives it its cause.
	base context.Context
	end  context.CancelCauseFunc

	workers sync.WaitGroup
	// jobs hands attempts to workers that are idle, of which there are so many.
	jobs chan job
	idle atomic.Int64
	// mu guards what follows, workers.Add against workers.Wait, and jobs against
	// its end.
	mu      sync.Mutex
	closed  bool
	running map[uint64]context.CancelCauseFunc
}

func newSession(s *Server, stream runStream) *session {
	// The attempts outlive the stream by as long as it takes to tell them that
	// it ended, and why.
	base, end := context.WithCancelCause(context.WithoutCancel(stream.Context()))
	return &session{
		server:  s,
		stream:  stream,
		out:     newOutbox(),
		base:    base,
		end:     end,
		jobs:    make(chan job),
		running: map[uint64]context.CancelCauseFunc{},
	}
}

// run serves the stream until the engine has ended its side and everything in
// flight is answered, until the stream breaks, or until the server stops. It
// waits for all workers; the reader ends when the stream does, and the server
// waits for it.
func (s *session) run() error {
	defer s.end(nil)
	read := make(chan error, 1)
	s.server.readers.Go(func() { read <- s.receive() })
	idle := make(chan struct{})
	sent := make(chan error, 1)
	go func() { sent <- s.send(idle) }()

	err := s.wait(read, sent)
	s.mu.Lock()
	s.closed = true
	close(s.jobs)
	s.mu.Unlock()
	s.workers.Wait()
	close(idle)
	return errors.Join(err, <-sent)
}

// wait returns when no further task can come, and ends what must not go on.
func (s *session) wait(read, sent chan error) error {
	select {
	case err := <-read:
		if err != nil {
			s.end(ErrEngineGone)
		}
		return err
	case err := <-sent:
		s.end(ErrEngineGone)
		sent <- err
		return nil
	case <-s.server.stopping.Done():
		s.end(ErrShutdown)
		return status.Error(codes.Unavailable, "the plugin is stopping")
	}
}

// receive reads until the engine ends its side, which is no error.
func (s *session) receive() error {
	for {
		request, err := s.stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch m := request.GetMessage().(type) {
		case *pb.RunRequest_Assign:
			for _, a := range m.Assign.GetTasks() {
				s.start(a)
			}
		case *pb.RunRequest_Cancel:
			s.cancel(m.Cancel)
		default: // A message of a newer contract.
		}
	}
}

// send writes what the outbox has, in groups, until idle is closed and the last
// group is out.
func (s *session) send(idle <-chan struct{}) error {
	for {
		select {
		case <-s.out.wake:
			// Let the workers that are ready put their results in too: it
			// costs nothing when none is.
			runtime.Gosched()
			if err := s.flush(); err != nil {
				return err
			}
		case <-idle:
			return s.flush()
		}
	}
}

func (s *session) flush() error {
	for _, response := range s.out.take().responses() {
		if err := s.stream.Send(response); err != nil {
			return err
		}
	}
	return nil
}

// cancel ends attempts; one that has ended already is none of them.
func (s *session) cancel(c *pb.Cancellations) {
	cause := causeOf(c.GetReason())
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seq := range c.GetSeqs() {
		if stop, ok := s.running[seq]; ok {
			stop(cause)
		}
	}
}
