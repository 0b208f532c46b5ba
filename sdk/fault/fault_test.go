package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/sdk/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryCodeHasItsStrategy(t *testing.T) {
	t.Parallel()
	type row struct {
		retryable, spends, user bool
		blame                   fault.Blame
	}
	want := map[fault.Code]row{
		fault.Unauthorized:        {false, false, true, fault.BlameConfig},
		fault.InvalidInput:        {false, false, true, fault.BlameCaller},
		fault.ValidationError:     {false, false, true, fault.BlameCaller},
		fault.NotFound:            {false, false, true, fault.BlameCaller},
		fault.RateLimitExceeded:   {true, false, false, fault.BlameDestination},
		fault.ServiceUnavailable:  {true, true, false, fault.BlameDestination},
		fault.NetworkError:        {true, true, false, fault.BlameDestination},
		fault.TaskTimeout:         {true, true, false, fault.BlameDestination},
		fault.TaskExecutionFailed: {true, true, false, fault.BlamePlugin},
		fault.InternalError:       {true, true, false, fault.BlamePlugin},
		fault.TaskCancelled:       {false, false, false, fault.BlameNobody},
	}
	if len(fault.Codes()) != len(want) {
		t.Errorf("%d codes", len(fault.Codes()))
	}
	for _, code := range fault.Codes() {
		r := code.Recovery()
		if (row{r.Retryable, r.SpendsRetry, r.UserAction, r.Blame}) != want[code] || r.Alternative == "" || !code.Known() {
			t.Errorf("%s: %+v", code, r)
		}
	}
}

func TestAnUnknownCodeIsAnInternalError(t *testing.T) {
	t.Parallel()
	if code := fault.Code("odd"); code.Known() || code.Recovery() != fault.InternalError.Recovery() {
		t.Error("an unknown code has a strategy of its own")
	}
}

func TestTheCodeSurvivesWrapping(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		want fault.Code
	}{
		"nothing":           {nil, ""},
		"a foreign error":   {io.EOF, fault.InternalError},
		"a code":            {fault.New(fault.NotFound, "m"), fault.NotFound},
		"a wrapped code":    {fmt.Errorf("a: %w", fault.New(fault.NotFound, "m")), fault.NotFound},
		"a joined code":     {errors.Join(io.EOF, fault.New(fault.NotFound, "m")), fault.NotFound},
		"a foreign wrapped": {fault.Wrap(fault.NetworkError, io.EOF), fault.NetworkError},
		"a code replaced":   {fault.Wrap(fault.NetworkError, fault.New(fault.NotFound, "m")), fault.NetworkError},
	}
	for name, tt := range tests {
		if got := fault.CodeOf(tt.err); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	if err := fault.Wrap(fault.NetworkError, io.EOF); !errors.Is(err, io.EOF) {
		t.Error("the cause is lost")
	}
}

func TestOverridesBeatTheCode(t *testing.T) {
	t.Parallel()
	final, again := fault.New(fault.NotFound, "m"), fault.New(fault.NetworkError, "m")
	tests := map[string]struct {
		err   error
		retry bool
		after time.Duration
	}{
		"by code, final":       {final, false, 0},
		"by code, again":       {again, true, 0},
		"retry a final one":    {fault.Retry(final, time.Second), true, time.Second},
		"stop one of many":     {fault.Permanent(again), false, 0},
		"retry a plain error":  {fault.Retry(io.EOF, 0), true, 0},
		"stop a plain error":   {fault.Permanent(io.EOF), false, 0},
		"the last wish counts": {fault.Permanent(fault.Retry(again, time.Hour)), false, 0},
		"wrapping keeps it":    {fault.Wrap(fault.NotFound, fault.Retry(again, time.Hour)), true, time.Hour},
	}
	for name, tt := range tests {
		f := fault.From(tt.err, fault.InternalError)
		if f.Retryable() != tt.retry || f.RetryAfter != tt.after {
			t.Errorf("%s: %v after %s", name, f.Retryable(), f.RetryAfter)
		}
	}
	if final.Retry != fault.ByCode || again.Retry != fault.ByCode {
		t.Error("an override has changed the error that it was made from")
	}
}

func TestNothingStaysNothing(t *testing.T) {
	t.Parallel()
	if fault.Wrap(fault.NotFound, nil) != nil || fault.Retry(nil, 0) != nil || fault.Permanent(nil) != nil {
		t.Error("an error out of nothing")
	}
}

func TestTextIsForLogsAndMsgForCallers(t *testing.T) {
	t.Parallel()
	err := &fault.Error{Code: fault.NetworkError, Op: "queue.Lease", Msg: "no route", Err: io.EOF}
	if got := err.Error(); got != "queue.Lease: network_error: no route: EOF" {
		t.Error(got)
	}
	if got := fault.Newf(fault.NotFound, "no %d", 7); got.Msg != "no 7" || got.Error() != "not_found: no 7" {
		t.Error(got)
	}
	if got := fault.From(io.EOF, fault.NetworkError); got.Msg != "" || !errors.Is(got, io.EOF) {
		t.Errorf("a foreign text is shown: %q", got.Msg)
	}
}
