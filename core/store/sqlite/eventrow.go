package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
)

// writeEvent writes an event with insert_event or record_event.
func (b *batch) writeEvent(ctx context.Context, q query, e *event.Event) error {
	if err := checkTexts(string(e.Type), e.Message); err != nil {
		return err
	}
	metadata, err := searchable("metadata of an event", e.Metadata)
	if err != nil {
		return err
	}
	if !metadata.Valid {
		metadata.String = "{}"
	}
	_, err = b.exec(ctx, q,
		e.ID[:], string(e.Type), e.Severity.String(), e.Timestamp.UnixMicro(), e.Message, metadata.String,
		idBytes(e.CorrelationID), idBytes(e.ParentID))
	return err
}

// Record writes events that speak of no stored row. An id that is there already
// is left as it is.
func (s *Store) Record(ctx context.Context, events []event.Event) error {
	return s.write(ctx, "record events", func(ctx context.Context, b *batch) error {
		for i := range events {
			if err := b.writeEvent(ctx, qRecordEvent, &events[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// TaskEvents pages through the events of one task, oldest first.
func (s *Store) TaskEvents(ctx context.Context, id, after uuid.UUID, limit int) ([]event.Event, uuid.UUID, error) {
	events, err := collect(ctx, s.readers.stmts[qTaskEvents], scanEvent, id.String(), after[:], limit+1)
	if err != nil {
		return nil, uuid.Nil, fmt.Errorf("events of task %s: %w", id, err)
	}
	if len(events) <= limit {
		return events, uuid.Nil, nil
	}
	events = events[:limit]
	return events, events[limit-1].ID, nil
}

func scanEvent(row scanner) (event.Event, error) {
	var (
		e         event.Event
		severity  string
		timestamp sql.NullInt64
		metadata  []byte
	)
	err := row.Scan(&e.ID, &e.Type, &severity, &timestamp, &e.Message, &metadata, &e.CorrelationID, &e.ParentID)
	if err != nil {
		return event.Event{}, fmt.Errorf("scan event: %w", err)
	}
	e.Timestamp, e.Metadata = timeOf(timestamp), metadata
	if e.Severity, err = event.ParseSeverity(severity); err != nil {
		return event.Event{}, fmt.Errorf("event %s: %w", e.ID, err)
	}
	return e, nil
}
