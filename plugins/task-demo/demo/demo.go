package demo

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"github.com/headrace/headrace/sdk"
	"github.com/headrace/headrace/sdk/fault"
)

// Name is the plugin's name in the configuration.
const Name = "demo"

// Plugin returns the plugin, to be served.
func Plugin() sdk.Plugin {
	return sdk.Plugin{
		Name:    Name,
		Version: "1.0.0",
		Tasks: []sdk.TaskType{
			sdk.Task("demo.echo", echo, sdk.WithDescription("answers with its payload")),
			sdk.Task("demo.sleep", sleep, sdk.WithDescription("waits, then succeeds")),
			sdk.Task("demo.fail", fail, sdk.WithDescription("fails as told, then succeeds")),
		},
	}
}

// echo gives the payload back, byte for byte.
func echo(_ context.Context, in json.RawMessage) (json.RawMessage, error) { return in, nil }

// SleepRequest is the payload of demo.sleep.
type SleepRequest struct {
	// MS is how long to wait, in milliseconds.
	MS int64 `json:"ms" description:"how long to wait, in milliseconds"`
}

// SleepResult is the result of demo.sleep.
type SleepResult struct {
	// SleptMS is how long it really took, in milliseconds.
	SleptMS int64 `json:"slept_ms" description:"how long it took, in milliseconds"`
}

// sleep waits, or ends early with its context.
func sleep(ctx context.Context, in SleepRequest) (SleepResult, error) {
	if in.MS < 0 || in.MS > math.MaxInt64/int64(time.Millisecond) {
		return SleepResult{}, fault.Newf(fault.ValidationError, "ms is %d, which is no time to wait", in.MS)
	}
	began := time.Now()
	timer := time.NewTimer(time.Duration(in.MS) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return SleepResult{SleptMS: time.Since(began).Milliseconds()}, nil
	case <-ctx.Done():
		return SleepResult{}, context.Cause(ctx)
	}
}

// FailRequest is the payload of demo.fail.
type FailRequest struct {
	// Code is the error code to fail with.
	Code fault.Code `json:"code" default:"task_execution_failed" description:"error code to fail with"`
	// Message is the error's message.
	Message string `json:"message" default:"demo.fail was told to fail" description:"message of the error"`
	// Times is how many attempts fail; absent means all.
	Times *int `json:"times,omitempty" description:"how many attempts fail before one succeeds; absent: all"`
}

// FailResult is the result of demo.fail once it succeeds.
type FailResult struct {
	// Attempts is how many it took.
	Attempts int `json:"attempts" description:"number of the attempt that succeeded"`
}

// fail fails while the attempt's number is within the told times.
func fail(ctx context.Context, in FailRequest) (FailResult, error) {
	if !in.Code.Known() {
		return FailResult{}, fault.Newf(fault.ValidationError, "code %q is no error code", in.Code)
	}
	if in.Times != nil && *in.Times < 0 {
		return FailResult{}, fault.Newf(fault.ValidationError, "times is %d, which is no number of attempts", *in.Times)
	}
	attempt := sdk.Attempt(ctx).Attempt
	if in.Times != nil && attempt > *in.Times {
		return FailResult{Attempts: attempt}, nil
	}
	return FailResult{}, &fault.Error{
		Code:    in.Code,
		Msg:     in.Message,
		Details: map[string]any{"attempt": attempt},
	}
}
