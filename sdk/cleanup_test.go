package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/sdk"
	"github.com/headrace/headrace/sdk/fault"
	"github.com/headrace/headrace/sdk/plugintest"
)

// number is a payload.
type number struct {
	N int `json:"n"`
}

// cleaned is what a clean-up step was given.
type cleaned struct {
	in    number
	cause error
	task  string
	open  bool
}

// cleaning makes a plugin whose clean-up step tells what it was given, and then
// does something of its own.
func cleaning(run func(context.Context, number) (int, error), then func() error) (sdk.Plugin, <-chan cleaned) {
	heard := make(chan cleaned, 10)
	step := func(ctx context.Context, in number, cause error) error {
		_, limited := ctx.Deadline()
		heard <- cleaned{in, cause, sdk.Attempt(ctx).TaskID, limited && ctx.Err() == nil}
		return then()
	}
	return sdk.Plugin{Name: "p", Tasks: []sdk.TaskType{sdk.Task("t", run, sdk.WithCleanup(step))}}, heard
}

func quiet() error { return nil }

func TestCleanUpFollowsEveryUnhappyEnd(t *testing.T) {
	t.Parallel()
	plain := errors.New("disk full")
	hang := func(ctx context.Context, _ number) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	tests := map[string]struct {
		run     func(context.Context, number) (int, error)
		timeout time.Duration
		cause   error
		code    fault.Code
	}{
		"an error":       {func(context.Context, number) (int, error) { return 0, plain }, 0, plain, fault.TaskExecutionFailed},
		"a time-out":     {hang, 20 * time.Millisecond, sdk.ErrTimeout, fault.TaskTimeout},
		"a panic":        {func(context.Context, number) (int, error) { panic("x") }, 0, nil, fault.InternalError},
		"a lost routine": {func(context.Context, number) (int, error) { runtime.Goexit(); return 0, nil }, 0, nil, fault.InternalError},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, heard := cleaning(tt.run, quiet)
			const id = "019abf3e-7a50-7c61-9f0e-2b1c7f3b9a10"
			outcome := plugintest.Start(t, p).Do(t.Context(), plugintest.Task{Type: "t", Payload: number{7}, ID: id, Timeout: tt.timeout})
			if outcome.Fault == nil || outcome.Fault.Code != tt.code {
				t.Fatalf("outcome %+v", outcome)
			}
			select { // it ran before the outcome
			case got := <-heard:
				if got.in.N != 7 || got.task != id || !got.open {
					t.Errorf("given %+v", got)
				}
				if tt.cause != nil && !errors.Is(got.cause, tt.cause) || got.cause == nil {
					t.Errorf("the cause is %v", got.cause)
				}
			default:
				t.Error("the step did not run")
			}
		})
	}
}

func TestCleanUpKnowsACancellation(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	p, heard := cleaning(func(ctx context.Context, _ number) (int, error) {
		close(begun)
		<-ctx.Done()
		return 0, ctx.Err()
	}, quiet)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	_, failed := plugintest.Start(t, p).Run(ctx, "t", number{1})
	if failed == nil || failed.Code != fault.TaskCancelled {
		t.Fatalf("%+v", failed)
	}
	if got := <-heard; !errors.Is(got.cause, sdk.ErrCancelled) || !got.open {
		t.Errorf("given %+v", got)
	}
}

func TestCleanUpDoesNotFollowSuccessOrAForeignPayload(t *testing.T) {
	t.Parallel()
	p, heard := cleaning(func(context.Context, number) (int, error) { return 1, nil }, quiet)
	running := plugintest.Start(t, p)
	running.Do(t.Context(), plugintest.Task{Type: "t", Payload: number{1}})
	running.Do(t.Context(), plugintest.Task{Type: "t", Payload: json.RawMessage(`{"n":"x"}`), SkipSchema: true})
	select {
	case got := <-heard:
		t.Errorf("the step ran: %+v", got)
	default:
	}
}

func TestCleanUpNeverChangesTheOutcome(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]func() error{
		"an error":       func() error { return errors.New("still there") },
		"a panic":        func() error { panic("x") },
		"a lost routine": func() error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := cleaning(func(context.Context, number) (int, error) { return 0, fault.New(fault.NetworkError, "away") }, then)
			outcome := plugintest.Start(t, p).Do(t.Context(), plugintest.Task{Type: "t", Payload: number{1}})
			if outcome.Fault == nil || outcome.Fault.Code != fault.NetworkError || outcome.Fault.Msg != "away" {
				t.Errorf("outcome %+v", outcome)
			}
			said := slices.ContainsFunc(outcome.Logs, func(l plugintest.Log) bool { return strings.Contains(l.Message, "clean-up") })
			if name != "a lost routine" && !said {
				t.Errorf("the log does not tell: %+v", outcome.Logs)
			}
		})
	}
}

func TestCleanUpStandsInTheDescription(t *testing.T) {
	t.Parallel()
	p, _ := cleaning(func(context.Context, number) (int, error) { return 0, nil }, quiet)
	d, err := sdk.Describe(p)
	if err != nil || !d.TaskTypes[0].Cleanup || !d.Proto().GetTaskTypes()[0].GetCleanup() {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestCleanUpOfAnotherPayloadIsRefused(t *testing.T) {
	t.Parallel()
	run := func(context.Context, number) (int, error) { return 0, nil }
	for name, option := range map[string]sdk.TaskOption{
		"another type": sdk.WithCleanup(func(context.Context, string, error) error { return nil }),
		"no step":      sdk.WithCleanup[number](nil),
	} {
		_, err := sdk.Describe(sdk.Plugin{Name: "p", Tasks: []sdk.TaskType{sdk.Task("t", run, option)}})
		if err == nil || !strings.Contains(err.Error(), "clean-up") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
