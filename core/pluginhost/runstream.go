package pluginhost

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/headrace/headrace/sdk/fault"
	wire "github.com/headrace/headrace/sdk/proto"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

const (
	// maxAssignment is the largest attempt that is sent, in bytes, with what
	// belongs to it.
	maxAssignment = wire.MaxMessage - 64<<10
	// assignmentHead is what an assignment takes besides its texts, in bytes,
	// rounded up.
	assignmentHead = 128
)

// taskStream is the engine's end of TaskRunnerService.Run.
type taskStream interface {
	Send(*pb.RunRequest) error
	Recv() (*pb.RunResponse, error)
	CloseSend() error
}

// runStream carries a flight's attempts over one stream. send and receive each
// have a goroutine of their own; only those two use the stream.
type runStream struct {
	flight *flight
	stream taskStream
}

// send sends what waits, as much together as the contract allows, until the
// flight is finished or ctx ends. There is no timer: while one message is being
// sent, the next group gathers.
func (s *runStream) send(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.flight.wake:
		}
		for l := s.flight.take(); !l.empty(); l = s.flight.take() {
			if err := s.sendLoad(l); err != nil || l.last {
				return err
			}
		}
	}
}

func (s *runStream) sendLoad(l load) error {
	for tasks := s.dropTooLarge(l.tasks); len(tasks) > 0; {
		n := groupOf(tasks)
		if err := s.stream.Send(assign(tasks[:n])); err != nil {
			return fmt.Errorf("send tasks: %w", err)
		}
		tasks = tasks[n:]
	}
	for _, c := range l.cancels {
		if err := s.stream.Send(cancelRequest(c)); err != nil {
			return fmt.Errorf("send cancellations: %w", err)
		}
	}
	if l.last {
		if err := s.stream.CloseSend(); err != nil {
			return fmt.Errorf("end the stream: %w", err)
		}
	}
	return nil
}

// dropTooLarge ends the attempts that no message can carry.
func (s *runStream) dropTooLarge(tasks []*flying) []*flying {
	kept := tasks[:0]
	var out delivery
	for _, a := range tasks {
		if assignmentSize(a) <= maxAssignment {
			kept = append(kept, a)
			continue
		}
		if s.flight.land([]uint64{a.seq})[0] == nil {
			continue // the flight was cleared meanwhile
		}
		out.add(a.sink, Outcome{
			ID: a.task.ID, Attempt: a.task.Attempt, Kind: Failed, Blame: fault.BlameCaller,
			Err: &fault.Error{
				Code: fault.InvalidInput, Msg: "the task is too large for its plugin",
				Details: map[string]any{"limit": maxAssignment, "size": assignmentSize(a)},
			},
		}, 1)
	}
	out.send()
	return kept
}

func assignmentSize(a *flying) int {
	t := &a.task
	return assignmentHead + len(t.Payload) + len(t.Metadata) + len(t.Type) + len(t.PublicType) + len(t.Traceparent)
}

// groupOf returns how many of the attempts go into the next message.
func groupOf(tasks []*flying) int {
	size := assignmentSize(tasks[0])
	n := 1
	for n < len(tasks) && n < wire.GroupCount {
		if size += assignmentSize(tasks[n]); size > wire.GroupBytes {
			break
		}
		n++
	}
	return n
}

func assign(tasks []*flying) *pb.RunRequest {
	block := make([]pb.Assignment, len(tasks)) // one allocation for all
	list := make([]*pb.Assignment, len(tasks))
	for i, a := range tasks {
		m := &block[i]
		m.Seq, m.Id, m.Attempt = a.seq, a.task.ID[:], int32(a.task.Attempt)
		m.Type, m.PublicType = a.task.Type, a.task.PublicType
		m.Payload, m.Metadata = a.task.Payload, a.task.Metadata
		m.TimeoutMs, m.Traceparent = timeoutMillis(a.task.Timeout), a.task.Traceparent
		list[i] = m
	}
	return &pb.RunRequest{Message: &pb.RunRequest_Assign{Assign: &pb.Assignments{Tasks: list}}}
}

// timeoutMillis rounds up: 0 would mean that there is no limit.
func timeoutMillis(d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}

func cancelRequest(c cancellation) *pb.RunRequest {
	return &pb.RunRequest{Message: &pb.RunRequest_Cancel{
		Cancel: &pb.Cancellations{Seqs: c.seqs, Reason: cancelReason(c.reason)},
	}}
}

func cancelReason(r Reason) pb.CancelReason {
	switch r {
	case ReasonRequested:
		return pb.CancelReason_CANCEL_REASON_REQUESTED
	case ReasonTimeout:
		return pb.CancelReason_CANCEL_REASON_TIMEOUT
	case ReasonShutdown:
		return pb.CancelReason_CANCEL_REASON_SHUTDOWN
	case ReasonFenced:
		return pb.CancelReason_CANCEL_REASON_FENCED
	}
	return pb.CancelReason_CANCEL_REASON_UNSPECIFIED
}

// receive reads until the stream ends; the error says how.
func (s *runStream) receive() error {
	for {
		answer, err := s.stream.Recv()
		if err != nil {
			return err
		}
		s.handle(answer)
	}
}

// handle gives one message to the sinks: lines and progress first, since an
// attempt that has ended hears of nothing more.
func (s *runStream) handle(answer *pb.RunResponse) {
	s.logs(answer.GetLogs())
	s.progress(answer.GetProgress())
	s.results(answer.GetResults())
}

func (s *runStream) results(results []*pb.Result) {
	if len(results) == 0 {
		return
	}
	seqs := make([]uint64, len(results))
	for i, r := range results {
		seqs[i] = r.GetSeq()
	}
	var out delivery
	for i, a := range s.flight.land(seqs) {
		if a != nil {
			out.add(a.sink, outcomeOf(a, results[i]), len(results)-i)
		}
	}
	out.send()
}

func (s *runStream) progress(notes []*pb.Progress) {
	if len(notes) == 0 {
		return
	}
	bySink := map[Sink][]Progress{}
	newest := map[uint64]bool{}
	for _, note := range slices.Backward(notes) { // from the end: the newest of each counts
		seq := note.GetSeq()
		a := s.flight.find(seq)
		if a == nil || newest[seq] {
			continue
		}
		if p, ok := progressOf(a, note); ok {
			newest[seq] = true
			bySink[a.sink] = append(bySink[a.sink], p)
		}
	}
	for sink, list := range bySink {
		sink.Progress(list)
	}
}

func (s *runStream) logs(lines []*pb.LogLine) {
	if len(lines) == 0 {
		return
	}
	bySink := map[Sink][]LogLine{}
	for _, l := range lines {
		if a := s.flight.find(l.GetSeq()); a != nil {
			bySink[a.sink] = append(bySink[a.sink], logOf(a, l))
		}
	}
	for sink, list := range bySink {
		sink.Logs(list)
	}
}
