package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/sdk/client"
)

// maxPayload bounds what is read as a payload. The server has a smaller limit of
// its own; this one only keeps a wrong file out of memory.
const maxPayload = 64 << 20

func taskSubmitCommand() *cli.Command {
	return &cli.Command{
		Name: "submit", Usage: "submits a task and prints its id", ArgsUsage: "TYPE",
		Description: `The task is durable when its id is printed; with -o json the whole task is. With
-wait the answer comes when the task has ended, and the exit code is that of
"task wait".

Times are RFC 3339 (2030-01-02T03:04:05Z), or durations from now (90m).`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "payload", DefaultText: "{}", Usage: "the input as `JSON`; @FILE reads it from a file, - from standard input"},
			&cli.StringFlag{Name: "priority", DefaultText: "MEDIUM", Usage: "`PRIORITY`: LOW, MEDIUM, HIGH, CRITICAL, or 0 to 3"},
			&cli.StringSliceFlag{Name: "metadata", Usage: "a `KEY=VALUE` to find it by; may be repeated"},
			&cli.StringFlag{Name: "description", Usage: "a `TEXT` for people"},
			&cli.StringFlag{Name: "run-at", Usage: "not before `TIME`"},
			&cli.StringFlag{Name: "deadline", Usage: "not after `TIME`"},
			&cli.IntFlag{Name: "max-retries", DefaultText: "that of the type", Usage: "retry at most `N` times"},
			&cli.StringFlag{Name: "unique-key", Usage: "refused while a pending or running task of the type has the same `KEY`"},
			&cli.StringFlag{Name: "idempotency-key", Usage: "a repeat with the same `KEY` within 24 hours makes no second task"},
			&cli.BoolFlag{Name: "wait", Usage: "wait until the task has ended"},
			&cli.DurationFlag{Name: "timeout", DefaultText: "no limit", Usage: "with -wait: the longest `TIME` to wait"},
			outputFlag(),
		},
		Action: submitTask,
	}
}

func submitTask(ctx context.Context, cmd *cli.Command) error {
	args, err := arguments(cmd, "TYPE")
	if err != nil {
		return err
	}
	if cmd.IsSet("timeout") && !cmd.Bool("wait") {
		return usageErrorf(cmd, "-timeout goes with -wait")
	}
	limit, err := waitLimit(cmd)
	if err != nil {
		return err
	}
	submission, err := readSubmission(cmd, args[0])
	if err != nil {
		return err
	}
	c, err := connect()
	if err != nil {
		return err
	}
	t, err := send(ctx, cmd, c, submission)
	switch {
	case err != nil:
		return err
	case cmd.Bool("wait"):
		return waitFor(ctx, cmd, c, waiting{ids: []string{t.ID.String()}, limit: limit})
	case wantsJSON(cmd):
		return printTask(cmd, t)
	}
	return printf(cmd, "%s\n", t.ID)
}

func send(ctx context.Context, cmd *cli.Command, c *client.Client, s client.Submission) (client.Task, error) {
	if key := cmd.String("idempotency-key"); key != "" {
		return c.SubmitOnce(ctx, key, s)
	}
	return c.Submit(ctx, s)
}

// readSubmission makes the submission of the flags; what the server judges is
// left to the server.
func readSubmission(cmd *cli.Command, taskType string) (client.Submission, error) {
	s := client.Submission{
		Type: taskType, Description: cmd.String("description"), UniqueKey: cmd.String("unique-key"),
		Priority: priorityJSON(cmd.String("priority")),
	}
	if cmd.IsSet("max-retries") {
		n := cmd.Int("max-retries")
		s.MaxRetries = &n
	}
	for _, read := range []func() error{
		func() (err error) { s.Payload, err = readPayload(cmd); return err },
		func() (err error) { s.Metadata, err = readMetadata(cmd); return err },
		func() (err error) { s.RunAt, err = when(cmd, "run-at", 1); return err },
		func() (err error) { s.Deadline, err = when(cmd, "deadline", 1); return err },
	} {
		if err := read(); err != nil {
			return s, err
		}
	}
	return s, nil
}

// priorityJSON is a digit as a number, and anything else as a text.
func priorityJSON(text string) json.RawMessage {
	switch {
	case text == "":
		return nil
	case len(text) == 1 && '0' <= text[0] && text[0] <= '9':
		return json.RawMessage(text)
	}
	return jsonText(text)
}

// jsonText encodes a string; that cannot fail.
func jsonText(text string) json.RawMessage {
	encoded, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return encoded
}

func readMetadata(cmd *cli.Command) (json.RawMessage, error) {
	metadata, err := pairs(cmd, "metadata")
	if err != nil || len(metadata) == 0 {
		return nil, err
	}
	return json.Marshal(metadata)
}

// readPayload returns the payload as it was written, or nil for none.
func readPayload(cmd *cli.Command) (json.RawMessage, error) {
	if !cmd.IsSet("payload") {
		return nil, nil
	}
	text, err := payloadText(cmd, cmd.String("payload"))
	if err != nil {
		return nil, err
	}
	if err := checkJSON(text); err != nil {
		return nil, usageErrorf(cmd, "-payload is not JSON: %s", err)
	}
	return text, nil
}

func payloadText(cmd *cli.Command, given string) ([]byte, error) {
	name, isFile := strings.CutPrefix(given, "@")
	switch {
	case given == "-":
		return readBounded(cmd.Root().Reader, "standard input")
	case isFile:
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read the payload: %w", err)
		}
		defer func() { _ = file.Close() }() // opened for reading
		return readBounded(file, name)
	}
	return []byte(given), nil
}

func readBounded(from io.Reader, name string) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(from, maxPayload+1))
	if err != nil {
		return nil, fmt.Errorf("read the payload: %w", err)
	}
	if len(text) > maxPayload {
		return nil, fmt.Errorf("read the payload: %s holds more than %d MiB", name, maxPayload>>20)
	}
	return text, nil
}

// checkJSON says where one JSON document goes wrong.
func checkJSON(text []byte) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return errors.New("it is empty")
	}
	var document json.RawMessage
	err := json.Unmarshal(text, &document)
	if syntax := new(json.SyntaxError); errors.As(err, &syntax) {
		return fmt.Errorf("%w, at byte %d", err, syntax.Offset)
	}
	return err
}
