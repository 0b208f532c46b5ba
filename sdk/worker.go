package sdk

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"time"

	"github.com/headrace/headrace/sdk/fault"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// start begins an attempt in a goroutine of its own, or answers at once why not.
func (s *session) start(a *pb.Assignment) {
	t, known := s.server.tasks[a.GetType()]
	if !known {
		s.refuse(a, fault.Permanent(fault.Newf(fault.NotFound, "the plugin has no task type %q", a.GetType())))
		return
	}
	config, open := s.server.instances.current()
	if !open {
		s.refuse(a, fault.New(fault.ServiceUnavailable, "the plugin has not been configured yet"))
		return
	}
	if !s.server.flight.begin() {
		s.refuse(a, fault.New(fault.ServiceUnavailable, "the plugin is draining"))
		return
	}
	if err := s.spawn(t, &attempt{assignment: a, config: config, out: s.out}); err != nil {
		s.server.flight.end()
		if errors.Is(err, errDoubled) {
			// A second answer for the number would be taken for the first's.
			s.server.log.Error("the engine used a number twice on one stream", "seq", a.GetSeq())
			return
		}
		s.refuse(a, err)
	}
}

// errDoubled: an attempt with that number is running.
var errDoubled = errors.New("doubled number")

// spawn starts the worker of an attempt.
func (s *session) spawn(t TaskType, a *attempt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	seq := a.assignment.GetSeq()
	if _, doubled := s.running[seq]; doubled {
		return errDoubled
	}
	if s.closed {
		return fault.New(fault.ServiceUnavailable, "the plugin is stopping")
	}
	if len(s.running) >= maxInFlight {
		return fault.Newf(fault.ServiceUnavailable, "the plugin runs %d tasks, which is its limit", maxInFlight)
	}
	ctx, stop := context.WithCancelCause(s.base)
	s.running[seq] = stop
	j := job{ctx: ctx, stop: stop, typ: t, attempt: a}
	select {
	case s.jobs <- j:
	default:
		s.workers.Go(func() { s.worker(j) })
	}
	return nil
}

// job is an attempt to run in a context of its own.
type job struct {
	ctx     context.Context
	stop    context.CancelCauseFunc
	typ     TaskType
	attempt *attempt
}

// idleMost bounds the workers that wait for another attempt.
const idleMost = 256

// worker runs one attempt and then those that it is handed. A goroutine that
// stays has grown its stack already, which costs more than a short task does.
func (s *session) worker(j job) {
	for ok := true; ok; {
		s.work(j)
		if s.idle.Add(1) <= idleMost {
			j, ok = <-s.jobs
		} else {
			ok = false
		}
		s.idle.Add(-1)
	}
}

// work runs the handler. Whatever the handler does, a panic and the end of its
// goroutine included, becomes one outcome.
func (s *session) work(j job) {
	a, stop := j.attempt, j.stop
	ctx, release := withTimeout(context.WithValue(j.ctx, attemptKey{}, a), a.assignment.GetTimeoutMs())
	var output []byte
	var err error
	returned := false
	defer func() {
		if !returned {
			err = s.crashed(ctx, a, recover())
		}
		// The outcome first: it asks the context how it ended.
		result := outcomeOf(ctx, a.assignment.GetSeq(), output, err)
		defer func() { // also when the clean-up ends its goroutine
			release()
			stop(nil)
			s.finish(a, result)
		}()
		if err != nil {
			cleanUp(ctx, &j.typ, a.assignment.GetPayload(), err)
		}
	}()
	output, err = j.typ.run(ctx, a.assignment.GetPayload())
	returned = true
}

// withTimeout limits ctx; 0 is no limit, and what a time.Duration cannot hold is
// none either.
func withTimeout(ctx context.Context, ms int64) (context.Context, context.CancelFunc) {
	if ms <= 0 || ms > math.MaxInt64/int64(time.Millisecond) {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, time.Duration(ms)*time.Millisecond, ErrTimeout)
}

// crashed makes an error of a handler that did not return. The value of the panic
// and the stack are for the log alone: nobody wrote them for the submitter.
func (s *session) crashed(ctx context.Context, a *attempt, value any) error {
	what := "the handler panicked"
	if value == nil {
		what = "the handler ended its goroutine without returning"
	}
	stack := string(debug.Stack())
	Logger(ctx).Error(what, "panic", fmt.Sprint(value), "stack", stack)
	s.server.log.Error(what, "type", a.assignment.GetType(), "task", idText(a.assignment.GetId()),
		"panic", fmt.Sprint(value), "stack", stack)
	return fault.New(fault.InternalError, what)
}

// finish hands the result to the sender and gives the attempt's place back.
func (s *session) finish(a *attempt, result *pb.Result) {
	s.mu.Lock()
	delete(s.running, a.assignment.GetSeq())
	s.mu.Unlock()
	if lost := a.lostLogs.Load(); lost > 0 {
		s.out.addResult(result, &pb.LogLine{
			Seq:     a.assignment.GetSeq(),
			Level:   pb.Level_LEVEL_WARN,
			Message: fmt.Sprintf("%d log lines were dropped: the task writes faster than they can be sent", lost),
			TimeMs:  time.Now().UnixMilli(),
		})
	} else {
		s.out.addResult(result)
	}
	s.server.flight.end()
}

// refuse answers an attempt that was not started.
func (s *session) refuse(a *pb.Assignment, err error) { s.out.addResult(failed(a.GetSeq(), err)) }
