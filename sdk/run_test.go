package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headrace/headrace/sdk"
	"github.com/headrace/headrace/sdk/fault"
	"github.com/headrace/headrace/sdk/plugintest"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// handler makes a plugin with one type, t, of a handler without types.
func handler(fn func(context.Context, json.RawMessage) (json.RawMessage, error)) sdk.Plugin {
	return sdk.Plugin{Name: "p", Tasks: []sdk.TaskType{sdk.Task("t", fn)}}
}

// returning makes a handler that returns an error.
func returning(err error) sdk.Plugin {
	return handler(func(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, err })
}

func TestErrorsBecomeOutcomes(t *testing.T) {
	t.Parallel()
	plain := errors.New("disk full")
	tests := map[string]struct {
		err   error
		code  fault.Code
		msg   string
		retry bool
		after time.Duration
	}{
		"a plain error":            {plain, fault.TaskExecutionFailed, "disk full", true, 0},
		"a code":                   {fault.New(fault.NetworkError, "no route"), fault.NetworkError, "no route", true, 0},
		"a wrapped code":           {fmt.Errorf("call: %w", fault.New(fault.NotFound, "gone")), fault.NotFound, "gone", false, 0},
		"a plain one with a code":  {fault.Wrap(fault.ServiceUnavailable, plain), fault.ServiceUnavailable, "disk full", true, 0},
		"permanent":                {fault.Permanent(plain), fault.TaskExecutionFailed, "disk full", false, 0},
		"retry in spite of a code": {fault.Retry(fault.New(fault.NotFound, "not yet"), time.Minute), fault.NotFound, "not yet", true, time.Minute},
		"a hidden cause":           {&fault.Error{Code: fault.NetworkError, Err: errors.New("password=x")}, fault.NetworkError, "the task failed with network_error", true, 0},
		"a code of one's own":      {fault.New("my_code", "odd"), fault.TaskExecutionFailed, "my_code: odd", true, 0},
		"no UTF-8 and NUL":         {errors.New("a\xff\x00b"), fault.TaskExecutionFailed, "a\uFFFD\uFFFDb", true, 0},
		"a deadline of its own":    {context.DeadlineExceeded, fault.TaskExecutionFailed, "context deadline exceeded", true, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outcome := plugintest.Start(t, returning(tt.err)).Do(t.Context(), plugintest.Task{Type: "t"})
			f := outcome.Fault
			if f == nil || f.Code != tt.code || f.Msg != tt.msg || outcome.Retry != tt.retry || f.RetryAfter != tt.after {
				t.Errorf("got %+v, %+v", outcome, f)
			}
		})
	}
}

func TestDetailsTravel(t *testing.T) {
	t.Parallel()
	err := &fault.Error{Code: fault.ValidationError, Msg: "m", Details: map[string]any{"field": "/a"}}
	_, failed := plugintest.Start(t, returning(err)).Run(t.Context(), "t", nil)
	if failed == nil || failed.Details["field"] != "/a" {
		t.Errorf("%+v", failed)
	}
	for name, value := range map[string]any{"no JSON": math.Inf(1), "too large": strings.Repeat("x", 1<<20)} {
		err := &fault.Error{Code: fault.ValidationError, Msg: "m", Details: map[string]any{"v": value}}
		_, failed := plugintest.Start(t, returning(err)).Run(t.Context(), "t", nil)
		if failed == nil || failed.Code != fault.ValidationError || failed.Details["omitted"] == nil {
			t.Errorf("%s: %+v", name, failed)
		}
	}
}

// nothing is a pointer that every use of panics.
func nothing() *sdk.Plugin { return nil }

func TestAPanicIsAnOutcomeAndTheProcessGoesOn(t *testing.T) {
	t.Parallel()
	ends := map[string]func(){
		"panic":       func() { panic("secret text") },
		"nil pointer": func() { _ = nothing().Name },
		"goexit":      runtime.Goexit,
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plugintest.Start(t, handler(func(_ context.Context, in json.RawMessage) (json.RawMessage, error) {
				if string(in) == "1" {
					end()
				}
				return in, nil
			}))
			outcome := p.Do(t.Context(), plugintest.Task{Type: "t", Payload: 1})
			if outcome.Fault == nil || outcome.Fault.Code != fault.InternalError || strings.Contains(outcome.Fault.Msg, "secret") {
				t.Fatalf("outcome %+v", outcome)
			}
			if len(outcome.Logs) != 1 || !strings.Contains(fmt.Sprint(outcome.Logs[0].Fields["stack"]), "run_test.go") {
				t.Errorf("the log has no stack: %+v", outcome.Logs)
			}
			if result, failed := p.Run(t.Context(), "t", 2); failed != nil || string(result) != "2" {
				t.Errorf("the next task: %s, %v", result, failed)
			}
		})
	}
}

// causeHandler waits for its end and answers with the cause; kind says how.
func causeHandler(seen chan<- error) sdk.Plugin {
	return handler(func(ctx context.Context, in json.RawMessage) (json.RawMessage, error) {
		<-ctx.Done()
		seen <- context.Cause(ctx)
		switch string(in) {
		case `"cause"`:
			return nil, context.Cause(ctx)
		case `"wrapped"`:
			return nil, fault.Wrap(fault.NetworkError, fmt.Errorf("get: %w", ctx.Err()))
		case `"plain"`:
			return nil, errors.New("signal: killed")
		case `"own"`:
			return nil, fault.New(fault.NotFound, "own")
		}
		return json.RawMessage(`"done all the same"`), nil
	})
}

func TestTheEndOfTheContextIsTold(t *testing.T) {
	t.Parallel()
	ends := map[string]struct {
		timeout time.Duration
		cancel  bool
		cause   error
		code    fault.Code
		retry   bool
	}{
		"cancelled": {0, true, sdk.ErrCancelled, fault.TaskCancelled, false},
		"timed out": {time.Millisecond, false, sdk.ErrTimeout, fault.TaskTimeout, true},
	}
	for name, tt := range ends {
		for _, kind := range []string{"cause", "wrapped", "plain", "own", "success"} {
			t.Run(name+" and "+kind, func(t *testing.T) {
				t.Parallel()
				seen := make(chan error, 1)
				p := plugintest.Start(t, causeHandler(seen))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.cancel {
					cancel()
				}
				outcome := p.Do(ctx, plugintest.Task{Type: "t", Payload: kind, Timeout: tt.timeout})
				if cause := <-seen; !errors.Is(cause, tt.cause) {
					t.Errorf("cause %v", cause)
				}
				switch {
				case kind == "success":
					if outcome.Fault != nil || string(outcome.Result) != `"done all the same"` {
						t.Errorf("%+v", outcome)
					}
				case kind == "own":
					if outcome.Fault == nil || outcome.Fault.Code != fault.NotFound {
						t.Errorf("%+v", outcome)
					}
				case outcome.Fault == nil || outcome.Fault.Code != tt.code || outcome.Retry != tt.retry:
					t.Errorf("%+v", outcome)
				}
			})
		}
	}
}

func TestAttemptIsHandedIn(t *testing.T) {
	t.Parallel()
	seen := make(chan sdk.AttemptInfo, 1)
	p := plugintest.Start(t, handler(func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		seen <- sdk.Attempt(ctx)
		return nil, nil
	}))
	const id = "01890a5d-ac96-774b-bcce-b302099a8057"
	outcome := p.Do(t.Context(), plugintest.Task{
		Type: "t", ID: id, Attempt: 3, Metadata: map[string]any{"k": "v"}, Traceparent: "00-1-2-01",
	})
	if outcome.Fault != nil {
		t.Fatal(outcome.Fault)
	}
	got := <-seen
	if got.TaskID != id || got.Attempt != 3 || got.Type != "t" || string(got.Metadata) != `{"k":"v"}` || got.Traceparent != "00-1-2-01" {
		t.Errorf("%+v", got)
	}
}

func TestProgressAndLogsArriveBeforeTheResult(t *testing.T) {
	t.Parallel()
	p := plugintest.Start(t, handler(func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		log := sdk.Logger(ctx).With("with", 1).WithGroup("g")
		log.Info("first", "n", 9007199254740993)
		sdk.Logger(ctx).Warn("second")
		sdk.Logger(ctx).Log(ctx, -8, "too detailed")
		return nil, nil
	}))
	outcome := p.Do(t.Context(), plugintest.Task{Type: "t"})
	want := `[{info first map[g:map[n:9.007199254740992e+15] with:1]} {warn second map[]}]`
	if got := fmt.Sprint(outcome.Logs); got != want {
		t.Errorf("logs %s", got)
	}
}

func TestTheNewestProgressCounts(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	p := plugintest.Start(t, handler(func(ctx context.Context, in json.RawMessage) (json.RawMessage, error) {
		sdk.Progress(ctx, math.NaN(), "")
		sdk.Progress(ctx, -1, "")
		sdk.Progress(ctx, 7, "almost\xff")
		<-release
		return nil, nil
	}))
	done := make(chan plugintest.Outcome, 1)
	go func() { done <- p.Do(t.Context(), plugintest.Task{Type: "t"}) }()
	waitFor(t, func() bool { return len(p.Progressing()) == 1 && p.Progressing()[0].Fraction == 1 })
	close(release)
	outcome := <-done
	last := outcome.Progress[len(outcome.Progress)-1]
	if last.Fraction != 1 || last.Note != "almost\uFFFD" {
		t.Errorf("progress %+v", outcome.Progress)
	}
}

func TestOutsideATaskNothingBreaks(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	sdk.Progress(ctx, 0.5, "")
	if sdk.Logger(ctx) == nil || sdk.Attempt(ctx).Attempt != 0 {
		t.Error("outside a task the helpers should do nothing")
	}
}

func TestWhatCannotBeSentIsAFailure(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		plugin sdk.Plugin
		code   fault.Code
		text   string
	}{
		"too large": {handler(func(context.Context, json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage(`"` + strings.Repeat("x", sdk.MaxResult) + `"`), nil
		}), fault.TaskExecutionFailed, "more than the"},
		"no JSON": {handler(func(context.Context, json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage(`{`), nil
		}), fault.InternalError, "not JSON"},
		"not to be written": {sdk.Plugin{Name: "p", Tasks: []sdk.TaskType{sdk.Task("t",
			func(context.Context, struct{}) (float64, error) { return math.NaN(), nil })}}, fault.InternalError, "cannot be written"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outcome := plugintest.Start(t, tt.plugin).Do(t.Context(), plugintest.Task{Type: "t"})
			if outcome.Fault == nil || outcome.Fault.Code != tt.code || outcome.Retry || !strings.Contains(outcome.Fault.Msg, tt.text) {
				t.Errorf("%+v", outcome)
			}
		})
	}
}

func TestTheLargestResultArrives(t *testing.T) {
	t.Parallel()
	large := `"` + strings.Repeat("x", sdk.MaxResult-2) + `"`
	p := plugintest.Start(t, handler(func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return json.RawMessage(large), nil
	}))
	if result, failed := p.Run(t.Context(), "t", nil); failed != nil || string(result) != large {
		t.Errorf("%d bytes, %v", len(result), failed)
	}
}

func TestAPayloadThatDoesNotFitIsAValidationError(t *testing.T) {
	t.Parallel()
	type payload struct {
		N int `json:"n"`
	}
	p := plugintest.Start(t, sdk.Plugin{Name: "p", Tasks: []sdk.TaskType{
		sdk.Task("t", func(_ context.Context, in payload) (int, error) { return in.N, nil }),
	}})
	for _, text := range []string{`{"n":"x"}`, `{"n":1,"m":2}`, `[]`, `{"n":1.5}`, `{"n":99999999999999999999}`} {
		outcome := p.Do(t.Context(), plugintest.Task{Type: "t", Payload: plugintest.Raw(text), SkipSchema: true})
		if outcome.Fault == nil || outcome.Fault.Code != fault.ValidationError || outcome.Retry {
			t.Errorf("%s: %+v", text, outcome)
		}
	}
}

func TestADrainedPluginTakesNothing(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	begun := make(chan struct{})
	var calls atomic.Int64
	p := plugintest.Start(t, handler(func(context.Context, json.RawMessage) (json.RawMessage, error) {
		if calls.Add(1) == 1 {
			close(begun)
			<-release
		}
		return nil, nil
	}))
	running := make(chan plugintest.Outcome, 1)
	go func() { running <- p.Do(t.Context(), plugintest.Task{Type: "t"}) }()
	<-begun
	drained := make(chan error, 1)
	go func() { drained <- p.Drain(t.Context()) }()
	waitFor(t, func() bool { // until the drain has reached the plugin, tasks are taken
		outcome := p.Do(t.Context(), plugintest.Task{Type: "t"})
		return outcome.Fault != nil && outcome.Fault.Code == fault.ServiceUnavailable && outcome.Retry
	})
	select {
	case err := <-drained:
		t.Fatalf("the drain ended before the task: %v", err)
	default:
	}
	close(release)
	if err := <-drained; err != nil {
		t.Errorf("drain: %v", err)
	}
	if outcome := <-running; outcome.Fault != nil {
		t.Errorf("the running task: %+v", outcome)
	}
}

// waitFor waits until the condition holds.
func waitFor(t testing.TB, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatal("the condition never held")
		}
		<-time.After(time.Millisecond)
	}
}

// openStream serves p and opens a bare Run stream to it.
func openStream(t testing.TB, p sdk.Plugin) pb.TaskRunnerService_RunClient {
	t.Helper()
	server, err := sdk.NewServer(p, nil)
	fatal(t, err)
	dir, err := os.MkdirTemp("", "hrrun") //nolint:usetesting // a socket's path must be short
	fatal(t, err)
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	fatal(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		fatal(t, <-served)
		fatal(t, os.RemoveAll(dir))
	})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(cancel)
	stream, err := pb.NewTaskRunnerServiceClient(dial(t, listener.Addr().String())).Run(ctx)
	fatal(t, err)
	return stream
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestADoubledNumberIsRunOnce(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	stream := openStream(t, handler(func(_ context.Context, in json.RawMessage) (json.RawMessage, error) {
		<-release
		return in, nil
	}))
	fatal(t, stream.Send(assign(
		&pb.Assignment{Seq: 1, Type: "t", Payload: []byte("1")},
		&pb.Assignment{Seq: 1, Type: "t", Payload: []byte("2")},
		&pb.Assignment{Seq: 2, Type: "unknown"},
	)))
	response, err := stream.Recv()
	fatal(t, err)
	if r := response.GetResults(); len(r) != 1 || r[0].GetSeq() != 2 || r[0].GetError().GetCode() != "not_found" || r[0].GetOutcome() != pb.Outcome_OUTCOME_REJECTED {
		t.Fatalf("the unknown type: %v", r)
	}
	close(release)
	fatal(t, stream.CloseSend())
	var results []*pb.Result
	for {
		response, err := stream.Recv()
		if err != nil {
			break
		}
		results = append(results, response.GetResults()...)
	}
	if len(results) != 1 || string(results[0].GetOutput()) != "1" {
		t.Errorf("results %v", results)
	}
}

// Workers stay for the next attempt, but for those whose handler ended its
// goroutine and those too many: each attempt of each wave has its one answer.
func TestWavesOfAttemptsAreAllAnswered(t *testing.T) {
	t.Parallel()
	const wave = 400
	var inside sync.WaitGroup
	stream := openStream(t, handler(func(_ context.Context, in json.RawMessage) (json.RawMessage, error) {
		inside.Done()
		inside.Wait() // all at the same time
		if string(in) == "0" {
			runtime.Goexit()
		}
		return in, nil
	}))
	answered := map[uint64]int{}
	for n := range 3 {
		inside.Add(wave)
		tasks := make([]*pb.Assignment, wave)
		for i := range tasks {
			tasks[i] = &pb.Assignment{Seq: uint64(n*wave + i), Type: "t", Payload: []byte(strconv.Itoa(i % 5))}
		}
		fatal(t, stream.Send(assign(tasks...)))
		for got := 0; got < wave; {
			response, err := stream.Recv()
			fatal(t, err)
			for _, r := range response.GetResults() {
				answered[r.GetSeq()]++
				got++
			}
		}
	}
	if len(answered) != 3*wave {
		t.Errorf("%d of %d attempts have an answer", len(answered), 3*wave)
	}
}

func TestTheEndOfTheStreamEndsTheTasks(t *testing.T) {
	t.Parallel()
	seen := make(chan error, 1)
	server, err := sdk.NewServer(causeHandler(seen), nil)
	fatal(t, err)
	dir, err := os.MkdirTemp("", "hrrun") //nolint:usetesting // a socket's path must be short
	fatal(t, err)
	defer func() { fatal(t, os.RemoveAll(dir)) }()
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	fatal(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := pb.NewTaskRunnerServiceClient(dial(t, listener.Addr().String())).Run(ctx)
	fatal(t, err)
	fatal(t, stream.Send(assign(&pb.Assignment{Seq: 1, Type: "t"}, &pb.Assignment{Seq: 2, Type: "unknown"})))
	_, err = stream.Recv()
	fatal(t, err)
	cancel()
	if cause := <-seen; !errors.Is(cause, sdk.ErrEngineGone) {
		t.Errorf("cause %v", cause)
	}
	server.Stop()
	fatal(t, <-served)
}

// noop is the cheapest handler.
func noop(_ context.Context, in json.RawMessage) (json.RawMessage, error) { return in, nil }

func BenchmarkRun(b *testing.B) {
	for _, group := range []int{1, 64} {
		b.Run(fmt.Sprintf("group=%d", group), func(b *testing.B) { benchmarkRun(b, group) })
	}
}

// benchmarkRun keeps 4 groups on the way, as a busy engine does.
func benchmarkRun(b *testing.B, group int) {
	stream := openStream(b, handler(noop))
	b.ReportAllocs()
	window := make(chan struct{}, 4*group)
	done := make(chan error, 1)
	go func() {
		for received, messages := 0, 0; ; messages++ {
			response, err := stream.Recv()
			if err != nil {
				done <- err
				return
			}
			for range response.GetResults() {
				<-window
			}
			if received += len(response.GetResults()); received >= b.N {
				b.ReportMetric(float64(received)/float64(messages+1), "results/message")
				done <- nil
				return
			}
		}
	}()
	id, payload := make([]byte, 16), []byte(`{"n":1}`)
	for sent := 0; sent < b.N; {
		tasks := make([]*pb.Assignment, 0, group)
		for len(tasks) < group && sent < b.N {
			sent++
			window <- struct{}{}
			tasks = append(tasks, &pb.Assignment{
				Seq: uint64(sent), Id: id, Type: "t", Payload: payload, Attempt: 1, TimeoutMs: 30000,
			})
		}
		fatal(b, stream.Send(assign(tasks...)))
	}
	fatal(b, <-done)
	b.StopTimer()
}
