package api

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"

	"github.com/google/uuid"

	"github.com/headrace/headrace/sdk/fault"
)

// cursorKind is the list that a cursor belongs to.
type cursorKind byte

const (
	taskCursor  cursorKind = 't'
	eventCursor cursorKind = 'e'
)

// A cursor is a position: version, kind, the 16 bytes of an id, and the CRC-32
// of all that, in base64url. The sum is no protection, and none is needed: it
// tells a damaged cursor from a good one.
const (
	cursorVersion = 1
	cursorBody    = 2 + 16
	cursorBytes   = cursorBody + 4
)

// writeCursor returns "" for uuid.Nil: there is no next page.
func writeCursor(kind cursorKind, id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	raw := make([]byte, 0, cursorBytes)
	raw = append(raw, cursorVersion, byte(kind))
	raw = append(raw, id[:]...)
	raw = binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(raw))
	return base64.RawURLEncoding.EncodeToString(raw)
}

// readCursor returns uuid.Nil for an absent cursor.
func readCursor(kind cursorKind, text *string) (uuid.UUID, *fault.Error) {
	if text == nil {
		return uuid.Nil, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(*text)
	if err != nil || len(*text) != base64.RawURLEncoding.EncodedLen(cursorBytes) || len(raw) != cursorBytes || raw[0] != cursorVersion || raw[1] != byte(kind) ||
		crc32.ChecksumIEEE(raw[:cursorBody]) != binary.BigEndian.Uint32(raw[cursorBody:]) {
		return uuid.Nil, oneBadParameter("cursor", "is not a cursor of this list")
	}
	return uuid.UUID(raw[2:cursorBody]), nil
}

// The size of a page.
const (
	defaultPage = 50
	maxPage     = 1000
)

func pageSize(limit *int) (int, *fault.Error) {
	switch {
	case limit == nil:
		return defaultPage, nil
	case *limit < 1 || *limit > maxPage:
		return 0, oneBadParameter("limit", "must lie between 1 and 1000")
	}
	return *limit, nil
}
