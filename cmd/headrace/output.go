package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/urfave/cli/v3"
)

// The forms of an answer.
const (
	formTable = "table"
	formJSON  = "json"
)

// outputFlag chooses the form of the answer.
func outputFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "o", Value: formTable, Usage: "`FORM` of the answer: table, or json, one document a line (indented on a terminal)",
		Validator: func(form string) error {
			if form != formTable && form != formJSON {
				return errors.New("must be table or json")
			}
			return nil
		},
	}
}

func wantsJSON(cmd *cli.Command) bool { return cmd.String("o") == formJSON }

// printJSON writes one document: in one line for programs, indented for people.
// Numbers and texts inside raw parts stay as they are.
func printJSON(cmd *cli.Command, value any) error {
	out := cmd.Root().Writer
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if isTerminal(out) {
		encoder.SetIndent("", "  ")
	}
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("write the answer as JSON: %w", err)
	}
	return write(out, printableJSON(text.Bytes()))
}

func write(out io.Writer, text []byte) error {
	if _, err := out.Write(text); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

// printableJSON escapes what could steer a terminal. JSON has such characters
// only inside of strings, where an escape means the same; those below 0x20 are
// escaped in any JSON.
func printableJSON(text []byte) []byte {
	var out []byte
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r < 0x7f, unicode.IsPrint(r):
			out = append(out, text[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[size:]
	}
	return out
}

// printTable writes rows with aligned columns; cells are made printable.
func printTable(cmd *cli.Command, rows [][]string) error {
	table := tabwriter.NewWriter(cmd.Root().Writer, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = printable(cell)
		}
		line := strings.Join(cells, "\t") + "\n"
		if _, err := io.WriteString(table, line); err != nil {
			return fmt.Errorf("write the answer: %w", err)
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

// timeText writes a time; "-" for none.
func timeText(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}
