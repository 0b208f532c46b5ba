package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/headrace/headrace/sdk"
	"github.com/headrace/headrace/sdk/fault"
)

// ShoutRequest is a payload: both fields are described in the schema, and only
// Text is required.
type ShoutRequest struct {
	Text  string `json:"text" description:"what to shout"`
	Marks int    `json:"marks" default:"1" description:"how many exclamation marks"`
}

// ShoutResult is a result.
type ShoutResult struct {
	Text string `json:"text"`
}

// ShoutConfig is the plugin's config block.
type ShoutConfig struct {
	Suffix string `json:"suffix,omitempty" description:"comes at the end"`
	Token  string `json:"token,omitempty" description:"never shown" secret:"true"`
}

func shout(ctx context.Context, in ShoutRequest) (ShoutResult, error) {
	if in.Marks > 3 {
		return ShoutResult{}, fault.New(fault.ValidationError, "that is too loud")
	}
	sdk.Logger(ctx).Info("shouting", "attempt", sdk.Attempt(ctx).Attempt)
	sdk.Progress(ctx, 0.5, "breathing in")
	return ShoutResult{
		Text: strings.ToUpper(in.Text) + strings.Repeat("!", in.Marks) + sdk.Config[ShoutConfig](ctx).Suffix,
	}, nil
}

func shouter() sdk.Plugin {
	return sdk.Plugin{
		Name: "shouter", Version: "1.0.0",
		Config: sdk.ConfigOf[ShoutConfig](),
		Tasks:  []sdk.TaskType{sdk.Task("text.shout", shout, sdk.WithDescription("says it loudly"))},
	}
}

// A plugin's main is one call.
func ExampleServe() {
	main := func() { sdk.Serve(shouter()) }
	_ = main // Serve ends the process, so the example only shows it.
}

// What a plugin says about itself, which is also what its describe command prints.
func ExampleDescribe() {
	description, err := sdk.Describe(shouter())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(description.Name, description.Version)
	for _, t := range description.TaskTypes {
		fmt.Println(t.Name, "-", t.Description)
		fmt.Println(string(t.ResultSchema))
	}
	// Output:
	// shouter 1.0.0
	// text.shout - says it loudly
	// {"type":"object","properties":{"text":{"type":"string"}},"required":["text"],"additionalProperties":false}
}

// A handler says by the code of its error what the engine should do.
func ExampleTask() {
	task := sdk.Task("mail.send", func(_ context.Context, in ShoutRequest) (struct{}, error) {
		switch in.Text {
		case "":
			return struct{}{}, fault.New(fault.ValidationError, "nothing to send") // never tried again
		case "busy":
			return struct{}{}, fault.New(fault.ServiceUnavailable, "the server is busy") // tried again
		}
		return struct{}{}, fault.Permanent(errors.New("no such mailbox")) // a plain error, for good
	})
	_, err := sdk.Describe(sdk.Plugin{Name: "mail", Tasks: []sdk.TaskType{task}})
	fmt.Println(err)
	// Output: <nil>
}
