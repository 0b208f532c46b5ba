package api

import (
	"testing"

	"github.com/google/uuid"
)

func TestCursorComesBack(t *testing.T) {
	t.Parallel()
	id := uuid.Must(uuid.NewV7())
	text := writeCursor(taskCursor, id)
	if got, f := readCursor(taskCursor, &text); f != nil || got != id {
		t.Errorf("%v, %v", got, f)
	}
	if writeCursor(taskCursor, uuid.Nil) != "" {
		t.Error("the last page has a cursor")
	}
	for name, broken := range map[string]string{
		"nothing": "", "cut": text[:len(text)-1], "longer": text + "A", "a line break": text[:5] + "\n" + text[5:],
		"another list's": writeCursor(eventCursor, id), "altered": flip(text, 9), "another version": flip(text, 0),
	} {
		if _, f := readCursor(taskCursor, &broken); f == nil {
			t.Errorf("%s: %q was accepted", name, broken)
		}
	}
}

// flip changes one character.
func flip(text string, at int) string {
	b := []byte(text)
	b[at] = map[bool]byte{true: 'B', false: 'A'}[b[at] == 'A']
	return string(b)
}

// FuzzCursor: whatever is accepted is what would be written.
func FuzzCursor(f *testing.F) {
	f.Add(writeCursor(taskCursor, uuid.Must(uuid.NewV7())))
	f.Add("AXQBmr8-elB8YZ8OKxx_O5oQAAAAAA")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		id, refused := readCursor(taskCursor, &text)
		if refused == nil && id != uuid.Nil && writeCursor(taskCursor, id) != text {
			t.Fatalf("%q was accepted as %s", text, id)
		}
	})
}
