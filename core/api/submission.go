package api

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/headrace/headrace/core/api/strictjson"
	"github.com/headrace/headrace/core/intake"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

// submission reads one task of a checked document, and collects everything that
// does not fit.
type submission struct {
	item  intake.Item
	wrong map[string]any
}

// readSubmission returns the item, or a ValidationError that names each field
// which does not fit.
func readSubmission(document json.RawMessage) (intake.Item, *fault.Error) {
	if strictjson.KindOf(document) != strictjson.Object {
		return intake.Item{}, badFields(map[string]any{"": "must be an object"})
	}
	var s submission
	for key, value := range strictjson.Members(document) {
		s.member(key, value)
	}
	if s.item.Type == "" && s.wrong["/type"] == nil {
		s.refuse("type", "is needed")
	}
	if len(s.wrong) > 0 {
		return intake.Item{}, badFields(s.wrong)
	}
	return s.item, nil
}

// badFields names fields by their JSON pointers.
func badFields(wrong map[string]any) *fault.Error {
	return &fault.Error{
		Code: fault.ValidationError, Msg: "fields do not fit", Details: map[string]any{"fields": wrong},
	}
}

func (s *submission) refuse(key, why string) {
	if s.wrong == nil {
		s.wrong = make(map[string]any)
	}
	s.wrong["/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(printable(key))] = why
}

func (s *submission) member(key string, value json.RawMessage) {
	switch key {
	case "type":
		s.text(key, value, &s.item.Type)
	case "payload":
		s.item.Payload = value
	case "priority":
		s.priority(key, value)
	case "description":
		if strictjson.KindOf(value) != strictjson.String {
			s.refuse(key, "must be a string")
			return
		}
		s.item.Description = strictjson.Text(value)
	case "metadata":
		s.metadata(key, value)
	case "run_at":
		s.time(key, value, &s.item.RunAt)
	case "deadline":
		s.time(key, value, &s.item.Deadline)
	case "max_retries":
		s.retries(key, value)
	case "unique_key":
		s.text(key, value, &s.item.UniqueKey)
	default:
		s.refuse(key, "unknown field")
	}
}

// text reads a string that is not empty.
func (s *submission) text(key string, value json.RawMessage, into *string) {
	if strictjson.KindOf(value) != strictjson.String {
		s.refuse(key, "must be a string")
		return
	}
	if *into = strictjson.Text(value); *into == "" {
		s.refuse(key, "must not be empty")
	}
}

// priority takes the number or the name in any case.
func (s *submission) priority(key string, value json.RawMessage) {
	text := string(value)
	switch strictjson.KindOf(value) {
	case strictjson.String:
		text = strictjson.Text(value)
	case strictjson.Number:
	case strictjson.Object, strictjson.Array, strictjson.Bool, strictjson.Null:
		text = ""
	}
	p, err := task.ParsePriority(text)
	if err != nil {
		s.refuse(key, "must be LOW, MEDIUM, HIGH, CRITICAL or 0 to 3")
		return
	}
	s.item.Priority = &p
}

// maxExponent bounds the numbers in metadata, which a database may write out in
// full: 1e400 has 401 digits there, 1e131071 would have 131,072.
const maxExponent = 400

func (s *submission) metadata(key string, value json.RawMessage) {
	if strictjson.KindOf(value) != strictjson.Object {
		s.refuse(key, "must be an object")
		return
	}
	for number := range strictjson.Numbers(value) {
		if exponent(number) > maxExponent {
			s.refuse(key, fmt.Sprintf("an exponent is above %d", maxExponent))
		}
	}
	s.item.Metadata = value
}

// exponent returns the size of the exponent of a number.
func exponent(number json.RawMessage) int {
	_, text, found := strings.Cut(strings.ToLower(string(number)), "e")
	if !found {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return maxExponent + 1 // too long for an int
	}
	return max(n, -n)
}

func (s *submission) time(key string, value json.RawMessage, into *time.Time) {
	if strictjson.KindOf(value) != strictjson.String {
		s.refuse(key, "must be a string")
		return
	}
	at, err := parseTime(strictjson.Text(value))
	if err != nil {
		s.refuse(key, "must be a time such as 2030-01-02T03:04:05Z (RFC 3339)")
		return
	}
	*into = at
}

// parseTime reads RFC 3339. The zero time means "not set" inside the engine, so
// nobody may ask for it.
func parseTime(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err == nil && (at.IsZero() || strings.Contains(text, ",")) {
		err = fmt.Errorf("%q is no time", text)
	}
	return at, err
}

func (s *submission) retries(key string, value json.RawMessage) {
	n, err := strconv.Atoi(string(value))
	if strictjson.KindOf(value) != strictjson.Number || err != nil {
		s.refuse(key, "must be a whole number")
		return
	}
	s.item.MaxRetries = &n
}
