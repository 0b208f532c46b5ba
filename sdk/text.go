package sdk

import "strings"

// The most that the parts of an answer besides the result may hold, in bytes.
// They are for people to read; what is longer belongs into the result.
const (
	maxNote       = 1 << 10
	maxMessage    = 8 << 10
	maxDetails    = 64 << 10
	maxLogMessage = 16 << 10
	maxLogFields  = 16 << 10
)

// cleanText makes text fit for a protobuf string, which must be UTF-8 (a stream
// with another one breaks), and for a database, which refuses NUL; then it cuts
// it to limit bytes.
func cleanText(text string, limit int) string {
	if len(text) > limit {
		text = text[:limit]
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	return strings.ReplaceAll(text, "\x00", "\uFFFD")
}
