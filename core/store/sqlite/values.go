package sqlite

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/task"
)

// micros is how a time is stored; the zero time as NULL.
func micros(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

// timeOf reverses micros.
func timeOf(v sql.NullInt64) time.Time {
	if !v.Valid {
		return time.Time{}
	}
	return time.UnixMicro(v.Int64).UTC()
}

// idBytes is how an id is stored; uuid.Nil as NULL.
func idBytes(id uuid.UUID) []byte {
	if id == uuid.Nil {
		return nil
	}
	return id[:]
}

// orNull stores an empty text as NULL.
func orNull(s string) sql.NullString {
	return sql.NullString{String: s, Valid: s != ""}
}

// document stores JSON as text, "none" as NULL. It refuses what is no JSON.
func document(name string, raw json.RawMessage) (sql.NullString, error) {
	if len(raw) == 0 {
		return sql.NullString{}, nil
	}
	if !json.Valid(raw) {
		return sql.NullString{}, &task.RefusedError{Err: fmt.Errorf("%s is not valid JSON", name)}
	}
	if !utf8.Valid(raw) {
		return sql.NullString{}, &task.RefusedError{Err: fmt.Errorf("%s is not valid UTF-8", name)}
	}
	return sql.NullString{String: string(raw), Valid: true}, nil
}

// searchable is document for what SQL or a filter looks into: it also refuses
// escapes that stand for no text (NUL, half of a surrogate pair), as PostgreSQL
// does, so that both stores keep the same.
func searchable(name string, raw json.RawMessage) (sql.NullString, error) {
	doc, err := document(name, raw)
	if err == nil && !escapesAreText(raw) {
		err = &task.RefusedError{Err: fmt.Errorf("%s: %w", name, errNotText)}
	}
	return doc, err
}

// escapesAreText looks at the \u escapes of a valid JSON document; being valid, it
// has what each look ahead expects.
func escapesAreText(raw []byte) bool {
	for {
		at := bytes.IndexByte(raw, '\\')
		if at < 0 {
			return true
		}
		raw = raw[at+1:]
		if raw[0] != 'u' {
			raw = raw[1:]
			continue
		}
		first := hexRune(raw[1:5])
		raw = raw[5:]
		switch {
		case first == 0:
			return false
		case !utf16.IsSurrogate(first):
			continue
		case raw[0] != '\\' || raw[1] != 'u' || utf16.DecodeRune(first, hexRune(raw[2:6])) == utf8.RuneError:
			return false
		}
		raw = raw[6:]
	}
}

// hexRune reads the four hexadecimal digits of an escape.
func hexRune(digits []byte) (r rune) {
	n, err := strconv.ParseUint(string(digits), 16, 16)
	if err != nil {
		return utf8.RuneError // the document was valid, so it has four digits
	}
	return rune(n)
}

// errNotText is the reason for refusing a text.
var errNotText = errors.New("a text holds a NUL character or is not valid UTF-8")

// checkTexts refuses what a text column cannot keep and give back unharmed.
func checkTexts(texts ...string) error {
	for _, text := range texts {
		if strings.IndexByte(text, 0) >= 0 || !utf8.ValidString(text) {
			return &task.RefusedError{Err: errNotText}
		}
	}
	return nil
}

// failure stores an error as JSON; nil as NULL.
func failure(f *task.Failure) (sql.NullString, error) {
	if f == nil {
		return sql.NullString{}, nil
	}
	encoded, err := json.Marshal(f)
	if err != nil {
		return sql.NullString{}, &task.RefusedError{Err: fmt.Errorf("encode error: %w", err)}
	}
	return sql.NullString{String: string(encoded), Valid: true}, nil
}
