// Command stamp is a plugin that answers with the time at which its handler started. It is how the
// benchmark learns when a task of Headrace began, on the clock that the whole machine shares.
package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/headrace/headrace/sdk"
)

// started is the result of a task.
type started struct {
	UnixNano int64 `json:"unix_nano" description:"when the handler started, in nanoseconds since 1970"`
}

func main() {
	sdk.Serve(sdk.Plugin{
		Name: "stamp", Version: "1.0.0",
		Tasks: []sdk.TaskType{sdk.Task("bench.stamp", stamp, sdk.WithDescription("answers with the time of its start"))},
	})
}

func stamp(context.Context, json.RawMessage) (started, error) {
	return started{UnixNano: time.Now().UnixNano()}, nil
}
