package pluginhost

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/headrace/headrace/sdk/fault"
	wire "github.com/headrace/headrace/sdk/proto"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// boarded is a flight with n attempts, whose seqs are 1 to n.
func boarded(t testing.TB, n int, sink Sink) *flight {
	t.Helper()
	f := newFlight()
	batch := make([]Assignment, n)
	for i := range batch {
		batch[i] = Assignment{ID: uuid.UUID{15: byte(i)}, Attempt: i + 1, Type: "t"}
	}
	if err := f.accept(batch, sink); err != nil {
		t.Fatal(err)
	}
	return f
}

// FuzzAnswers feeds what a hostile plugin may send: the engine lives, each attempt
// gets one outcome, and no text holds control characters.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []*pb.RunResponse{
		{},
		{Results: []*pb.Result{{Seq: 1, Outcome: 1, Output: []byte("{}")}, {Seq: 1}, {Seq: 99}, {Seq: 2, Outcome: 77}}},
		{Results: []*pb.Result{{Seq: 3, Outcome: 2, Error: &pb.Error{Code: "x\x1b", Message: "\x1b[2J\u202e", Details: []byte(`{"a":1e400}`), RetryAfterMs: math.MaxInt64, Blame: 9, Retry: 9}}}},
		{Results: []*pb.Result{{Seq: 4, Outcome: 3, Error: &pb.Error{Details: []byte(`[`), RetryAfterMs: math.MinInt64}}}},
		{Progress: []*pb.Progress{{Seq: 1, Fraction: math.NaN()}, {Seq: 2, Fraction: math.Inf(1), Note: "\n"}}},
		{Logs: []*pb.LogLine{{Seq: 1, Level: 9, Message: "\r\n", Fields: []byte("{\n}"), TimeMs: math.MinInt64}}},
	} {
		data, err := proto.Marshal(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var answer pb.RunResponse
		if proto.Unmarshal(data, &answer) != nil {
			return // gRPC ends the stream with an error
		}
		const attempts = 4
		sink := newMemory()
		s := &runStream{flight: boarded(t, attempts, sink)}
		s.handle(&answer)
		s.handle(&answer)
		left := len(s.flight.clear())
		if len(sink.outcomes)+left != attempts {
			t.Fatalf("%d outcomes and %d left of %d", len(sink.outcomes), left, attempts)
		}
		for _, got := range sink.outcomes {
			checkOutcome(t, got)
		}
		for _, p := range sink.progress {
			checkText(t, p.Note)
			if !(p.Fraction >= 0 && p.Fraction <= 1) {
				t.Errorf("fraction %v", p.Fraction)
			}
		}
		for _, l := range sink.logs {
			checkText(t, l.Message)
			checkText(t, string(l.Fields))
		}
	})
}

func checkOutcome(t *testing.T, got []Outcome) {
	t.Helper()
	if len(got) != 1 {
		t.Fatalf("%d outcomes of one attempt", len(got))
	}
	o := got[0]
	if o.Kind == Completed {
		return
	}
	if o.Err == nil || !o.Err.Code.Known() || o.Err.Msg == "" || o.Blame == "" {
		t.Fatalf("outcome %+v", o)
	}
	if o.Err.RetryAfter < 0 || o.Err.RetryAfter > maxRetryAfter {
		t.Errorf("retry after %v", o.Err.RetryAfter)
	}
	checkText(t, o.Err.Msg)
}

func checkText(t *testing.T, text string) {
	t.Helper()
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
		t.Errorf("control characters in %q", text)
	}
}

func TestOutcomesFollowTheContract(t *testing.T) {
	t.Parallel()
	a := &flying{task: Assignment{Attempt: 1}}
	for name, c := range map[string]struct {
		in    *pb.Result
		kind  OutcomeKind
		code  fault.Code
		retry bool
		blame fault.Blame
	}{
		"unspecified is unknown": {&pb.Result{}, Unknown, fault.InternalError, true, fault.BlamePlugin},
		"of a later contract":    {&pb.Result{Outcome: 50}, Unknown, fault.InternalError, true, fault.BlamePlugin},
		"unknown code":           {&pb.Result{Outcome: 2, Error: &pb.Error{Code: "odd"}}, Failed, fault.InternalError, true, fault.BlamePlugin},
		"retry by code":          {&pb.Result{Outcome: 2, Error: &pb.Error{Code: "network_error"}}, Failed, fault.NetworkError, true, fault.BlameDestination},
		"retry against the code": {&pb.Result{Outcome: 2, Error: &pb.Error{Code: "not_found", Retry: pb.RetryWish_RETRY_WISH_ALWAYS}}, Failed, fault.NotFound, true, fault.BlameCaller},
		"rejected for good":      {&pb.Result{Outcome: 3, Error: &pb.Error{Code: "network_error"}}, Failed, fault.NetworkError, false, fault.BlameDestination},
		"own blame":              {&pb.Result{Outcome: 3, Error: &pb.Error{Code: "task_timeout", Blame: pb.Blame_BLAME_CONFIG}}, Failed, fault.TaskTimeout, false, fault.BlameConfig},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := outcomeOf(a, c.in)
			if o.Kind != c.kind || o.Err.Code != c.code || o.Err.Retryable() != c.retry || o.Blame != c.blame {
				t.Errorf("kind %v, code %v, retryable %v, blame %v", o.Kind, o.Err.Code, o.Err.Retryable(), o.Blame)
			}
		})
	}
}

func TestDetailsAreKeptExactlyOrNotAtAll(t *testing.T) {
	t.Parallel()
	kept := details([]byte(`{"n":9007199254740993}`))
	if n, ok := kept["n"].(interface{ String() string }); !ok || n.String() != "9007199254740993" {
		t.Errorf("details %v", kept)
	}
	for _, bad := range []string{"[]", "null", "{", `{} {}`, `{"a":"\u0000"}`, `{"a":"` + strings.Repeat("x", maxDetails) + `"}`} {
		if got := details([]byte(bad)); got["omitted"] == nil {
			t.Errorf("%.20s: %v", bad, got)
		}
	}
}

// sent records requests.
type sent struct {
	taskStream
	requests []*pb.RunRequest
	closed   bool
}

func (s *sent) Send(r *pb.RunRequest) error {
	s.requests = append(s.requests, r)
	return nil
}

func (s *sent) CloseSend() error {
	s.closed = true
	return nil
}

func TestSenderGroupsByCountAndBytes(t *testing.T) {
	t.Parallel()
	f := boarded(t, 150, newMemory())
	big := make([]Assignment, 3)
	for i := range big {
		big[i] = Assignment{ID: uuid.New(), Payload: make([]byte, wire.GroupBytes*2/3)}
	}
	if err := f.accept(big, newMemory()); err != nil {
		t.Fatal(err)
	}
	f.cancel([]AttemptKey{{ID: uuid.UUID{15: 3}, Attempt: 4}, {ID: uuid.New()}}, ReasonTimeout)
	f.finish()
	wireEnd := &sent{}
	if err := (&runStream{flight: f, stream: wireEnd}).send(t.Context()); err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for _, r := range wireEnd.requests[:len(wireEnd.requests)-1] {
		sizes = append(sizes, len(r.GetAssign().GetTasks()))
	}
	if !slices.Equal(sizes, []int{64, 64, 23, 1, 1}) {
		t.Errorf("groups of %v", sizes)
	}
	last := wireEnd.requests[len(wireEnd.requests)-1].GetCancel()
	if !slices.Equal(last.GetSeqs(), []uint64{4}) || last.GetReason() != pb.CancelReason_CANCEL_REASON_TIMEOUT {
		t.Errorf("cancellation %v", last)
	}
	if !wireEnd.closed {
		t.Error("the stream was not ended")
	}
}

func TestEveryAcceptedAttemptEndsOnceWhateverHappensAtTheSameTime(t *testing.T) {
	t.Parallel()
	f := newFlight()
	var mu sync.Mutex
	ended := map[uint64]int{}
	end := func(list []*flying) {
		mu.Lock()
		defer mu.Unlock()
		for _, a := range list {
			if a != nil {
				ended[a.seq]++
			}
		}
	}
	var work sync.WaitGroup
	var accepted [4]int
	for i := range accepted {
		work.Go(func() {
			for range 200 {
				if f.accept([]Assignment{{ID: uuid.New()}, {ID: uuid.New()}}, newMemory()) == nil {
					accepted[i] += 2
				}
			}
		})
		work.Go(func() {
			for seq := range uint64(1600) {
				end(f.land([]uint64{seq, seq + 1}))
			}
		})
	}
	work.Go(func() { end(f.clear()) })
	work.Wait()
	end(f.clear())
	total := 0
	for _, n := range accepted {
		total += n
	}
	if len(ended) != total {
		t.Errorf("%d accepted, %d ended", total, len(ended))
	}
	for seq, n := range ended {
		if n != 1 {
			t.Errorf("attempt %d ended %d times", seq, n)
		}
	}
}

func TestBackoffDoublesUpToItsCeilingAndForgets(t *testing.T) {
	t.Parallel()
	var limits Limits
	limits.fill()
	b := newBackoff(limits)
	b.random = func() float64 { return 1 }
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 120, 120} {
		if got := b.next(time.Minute); got != want*time.Second {
			t.Errorf("wait %d is %v", i, got)
		}
	}
	for range 100 {
		b.next(0)
	}
	if got := b.next(10 * time.Minute); got != time.Second {
		t.Errorf("after ten healthy minutes: %v", got)
	}
}

func TestLifeCycleHasNoWayBack(t *testing.T) {
	t.Parallel()
	for from := StateStarting; from <= StateFailed; from++ {
		for to := StateStarting; to <= StateFailed; to++ {
			if from.CanBecome(to) && to <= from {
				t.Errorf("%v becomes %v", from, to)
			}
		}
		if from.Ended() != (len(transitions[from]) == 0) {
			t.Errorf("%v: ended or not?", from)
		}
	}
}
