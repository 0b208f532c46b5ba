package main

import (
	"fmt"
	"strconv"

	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/sdk/client"
	"github.com/headrace/headrace/sdk/client/rest"
)

// printTask shows one task with all that is set.
func printTask(cmd *cli.Command, t client.Task) error {
	if wantsJSON(cmd) {
		return printJSON(cmd, t)
	}
	var rows [][]string
	for _, row := range taskRows(&t) {
		if row[1] != "" && row[1] != "-" && row[1] != "{}" {
			rows = append(rows, []string{row[0], row[1]})
		}
	}
	return printTable(cmd, rows)
}

// taskRows are all rows of a task; empty ones are not shown.
func taskRows(t *client.Task) [][2]string {
	rows := [][2]string{
		{"id", t.ID.String()},
		{"type", t.Type},
		{"status", string(t.Status)},
		{"waits because", string(t.WaitReason)},
		{"cancel requested", flagText(t.CancelRequested)},
		{"priority", priorityName(t.Priority)},
		{"description", t.Description},
		{"created", timeText(t.Created)},
		{"created by", t.CreatedBy},
		{"run at", timeText(t.RunAt)},
		{"started", timeText(t.StartedAt)},
		{"ended", timeText(t.CompletedAt)},
		{"deadline", timeText(t.Deadline)},
		{"attempts", countText(t.Attempt)},
		{"retries", fmt.Sprintf("%d of %d", t.RetryCount, t.MaxRetries)},
		{"crashes", countText(t.CrashCount)},
		{"lapses", countText(t.LapseCount)},
		{"redrives", countText(t.RedriveCount)},
		{"unique key", t.UniqueKey},
		{"metadata", string(t.Metadata)},
		{"payload", string(t.Payload)},
		{"result", string(t.Result)},
	}
	return append(rows, errorRows(&t.Error)...)
}

func errorRows(e *rest.Error) [][2]string {
	if e.Code == "" {
		return nil
	}
	return [][2]string{
		{"error", string(e.Code) + ": " + e.Message},
		{"error details", string(e.Details)},
		{"what to do", e.Recovery.Alternative},
	}
}

func flagText(set bool) string { //nolint:revive // flag-parameter: it is the value that is shown
	if set {
		return "yes"
	}
	return ""
}

func countText(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// note is the most telling thing about a task in a list.
func note(t *client.Task) string {
	switch {
	case t.Error.Code != "":
		return string(t.Error.Code) + ": " + short(t.Error.Message)
	case t.CancelRequested:
		return "cancel requested"
	case t.WaitReason != "":
		return string(t.WaitReason)
	}
	return short(t.Description)
}

// maxNote is the longest text, in characters, that a list shows whole.
const maxNote = 60

func short(text string) string {
	runes := []rune(text)
	if len(runes) <= maxNote {
		return text
	}
	return string(runes[:maxNote-1]) + "…"
}

// priorityName is the name that people know; the number where there is none.
func priorityName(p int) string {
	names := []string{"LOW", "MEDIUM", "HIGH", "CRITICAL"}
	if p < 0 || p >= len(names) {
		return strconv.Itoa(p)
	}
	return names[p]
}
