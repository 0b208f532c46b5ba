package deadletter

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

const (
	// fingerprintBytes make 12 hexadecimal digits: two of a million kinds of error
	// share them with a chance of about one in 600 (2⁴⁸ values).
	fingerprintBytes = 6
	// messageMost bounds the part of a message that tells kinds of error apart.
	messageMost = 512
)

// Fingerprint is a short hash of a kind of error: the task type, the code, and
// the message without what differs from one task to the next. It stays the same
// between versions: people keep it in notes and links.
func Fingerprint(taskType, code, message string) string {
	sum := sha256.Sum256([]byte(taskType + "\x00" + code + "\x00" + normalise(message)))
	return hex.EncodeToString(sum[:fingerprintBytes])
}

// varying are the parts of a message that name one task and not its kind of
// error: UUIDs, hexadecimal numbers, long runs of hexadecimal digits, numbers
// with whatever separates their parts (times, addresses, versions).
var varying = regexp.MustCompile(`(?i)\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|0x[0-9a-f]+|\b[0-9a-f]*[0-9][0-9a-f]{7,}\b|[0-9]+([.:,_-][0-9]+)*`)

// normalise replaces what varies by #, in lower case and with single spaces.
func normalise(message string) string {
	if len(message) > messageMost {
		message = strings.ToValidUTF8(message[:messageMost], "")
	}
	return strings.ToLower(strings.Join(strings.Fields(varying.ReplaceAllString(message, "#")), " "))
}
