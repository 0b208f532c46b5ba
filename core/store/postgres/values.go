package postgres

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/headrace/headrace/core/task"
)

// instant is how a time is stored; the zero time as NULL.
func instant(t time.Time) pgtype.Timestamptz {
	return pgtype.Timestamptz{Time: t, Valid: !t.IsZero()}
}

// timeOf reverses instant.
func timeOf(v pgtype.Timestamptz) time.Time {
	if !v.Valid {
		return time.Time{}
	}
	return v.Time.UTC()
}

// reference is how an id is stored that may be missing; uuid.Nil as NULL.
func reference(id uuid.UUID) pgtype.UUID {
	return pgtype.UUID{Bytes: id, Valid: id != uuid.Nil}
}

// failure is an error as JSON; nil as "".
func failure(f *task.Failure) (string, error) {
	if f == nil {
		return "", nil
	}
	encoded, err := json.Marshal(f)
	if err != nil {
		return "", &task.RefusedError{Err: fmt.Errorf("encode error: %w", err)}
	}
	return string(encoded), nil
}

// rawIDs are ids as pgx encodes them fastest.
func rawIDs(ids []uuid.UUID) [][16]byte {
	raw := make([][16]byte, len(ids))
	for i, id := range ids {
		raw[i] = id
	}
	return raw
}
