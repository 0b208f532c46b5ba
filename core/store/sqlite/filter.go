package sqlite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/task"
)

// listText holds the statements of one search. Their parameters: ?1 inclusive
// and ?2 exclusive bounds of the ids, ?3 how many rows, from ?4 on the filter.
type listText struct {
	// edges, one a table, find where a chunk of ?3 rows ends.
	edges []string
	// match finds the rows of a chunk.
	match string
}

// listSQL writes the statements for a filter, and the parameters from ?4 on.
//
// What an index serves bounds the chunks too, so that the rare dead letters are
// found without walking over all that waits. The status is a literal, for only
// then does SQLite use an index that holds just that status.
func listSQL(f task.Filter) (text listText, args []any) {
	where, args := conditions(f)
	metadata := "NULL"
	if len(f.Metadata) > 0 {
		metadata = "metadata"
	}
	var selects []string
	for _, table := range tablesOf(f.Status) {
		inRange := "FROM " + table + " WHERE id >= ?1 AND id < ?2" + indexed(table, f)
		text.edges = append(text.edges, "SELECT min(id), count(*) FROM (SELECT id "+inRange+" ORDER BY id DESC LIMIT ?3)")
		selects = append(selects, "SELECT id, "+metadata+" "+inRange+where)
	}
	text.match = strings.Join(selects, " UNION ALL ") + " ORDER BY 1 DESC LIMIT ?3"
	return text, args
}

// indexed are the conditions that an index of the table serves.
func indexed(table string, f task.Filter) (where string) {
	if f.Status != nil {
		where = fmt.Sprintf(" AND status = %d", *f.Status)
	}
	if table == historyTable && f.Type != "" {
		where += " AND type = ?4"
	}
	return where
}

// The tables of tasks.
const (
	livingTable  = "tasks"
	historyTable = "task_history"
)

// tablesOf lists the tables that can hold tasks of a status.
func tablesOf(s *task.Status) []string {
	switch {
	case s == nil:
		return []string{livingTable, historyTable}
	case s.Final():
		return []string{historyTable}
	default:
		return []string{livingTable}
	}
}

// conditions are those that are tried on each row of a chunk. The type, where
// there is one, is ?4.
func conditions(f task.Filter) (where string, args []any) {
	add := func(column string, value any) {
		args = append(args, value)
		where += fmt.Sprintf(" AND %s = ?%d", column, len(args)+3)
	}
	if f.Type != "" {
		add("type", f.Type)
	}
	if f.Priority != nil {
		add("priority", int64(*f.Priority))
	}
	if f.CreatedBy != "" {
		add("created_by", f.CreatedBy)
	}
	return where, args
}

// idRange turns the bounds of a filter into ids, the lower one inclusive, the
// upper one exclusive: an id begins with its creation time.
func idRange(f task.Filter) (lower, upper uuid.UUID) {
	upper = uuid.Max
	if !f.From.IsZero() {
		lower = firstID(f.From)
	}
	if !f.To.IsZero() {
		upper = firstID(f.To)
	}
	if f.Before != uuid.Nil && less(f.Before, upper) {
		upper = f.Before
	}
	return lower, upper
}

// firstID returns the smallest id of a task that was created at t or later.
func firstID(t time.Time) (id uuid.UUID) {
	ms := t.UnixMilli()
	if time.UnixMilli(ms).Before(t) {
		ms++ // ids know whole milliseconds only
	}
	ms = max(ms, 0)
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	return id
}

func less(a, b uuid.UUID) bool { return bytes.Compare(a[:], b[:]) < 0 }

// metadataFits tells whether all wanted keys have the wanted text, as
// PostgreSQL's operator ->> gives it: a string by its text, another value by its
// JSON text, and null never fits.
func metadataFits(metadata []byte, want map[string]string) (bool, error) {
	if len(want) == 0 {
		return true, nil
	}
	if !bytes.HasPrefix(bytes.TrimLeft(metadata, " \t\r\n"), []byte("{")) {
		return false, nil // none, or no object: there are no keys
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(metadata, &values); err != nil {
		return false, fmt.Errorf("decode metadata: %w", err)
	}
	for key, text := range want {
		fits, err := valueFits(values[key], text)
		if err != nil || !fits {
			return false, err
		}
	}
	return true, nil
}

func valueFits(value json.RawMessage, text string) (bool, error) {
	if len(value) == 0 || string(value) == "null" {
		return false, nil
	}
	if value[0] != '"' {
		return string(value) == text, nil
	}
	var s string
	if err := json.Unmarshal(value, &s); err != nil {
		return false, fmt.Errorf("decode metadata: %w", err)
	}
	return s == text, nil
}
