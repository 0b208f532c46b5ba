package postgres

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/headrace/headrace/core/event"
)

// eventColumns are events as parameters, one slice a column.
type eventColumns struct {
	ids                       [][16]byte
	types, severities         []string
	timestamps                []pgtype.Timestamptz
	messages, metadata        []string
	correlationIDs, parentIDs []pgtype.UUID
}

func newEventColumns(n int) *eventColumns {
	return &eventColumns{
		ids: make([][16]byte, 0, n), types: make([]string, 0, n), severities: make([]string, 0, n),
		timestamps: make([]pgtype.Timestamptz, 0, n), messages: make([]string, 0, n), metadata: make([]string, 0, n),
		correlationIDs: make([]pgtype.UUID, 0, n), parentIDs: make([]pgtype.UUID, 0, n),
	}
}

func (c *eventColumns) add(e *event.Event) {
	metadata := "{}"
	if len(e.Metadata) > 0 {
		metadata = string(e.Metadata)
	}
	c.ids = append(c.ids, e.ID)
	c.types = append(c.types, string(e.Type))
	c.severities = append(c.severities, e.Severity.String())
	c.timestamps = append(c.timestamps, instant(e.Timestamp))
	c.messages = append(c.messages, e.Message)
	c.metadata = append(c.metadata, metadata)
	c.correlationIDs = append(c.correlationIDs, reference(e.CorrelationID))
	c.parentIDs = append(c.parentIDs, reference(e.ParentID))
}

// args are the parameters in the order of all statements that write events.
func (c *eventColumns) args() []any {
	return []any{
		c.ids, c.types, c.severities, c.timestamps, c.messages, c.metadata, c.correlationIDs, c.parentIDs,
	}
}

// executor runs a statement: a pool or a transaction.
type executor interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// insertEvents writes new events.
func (s *Store) insertEvents(ctx context.Context, db executor, events ...event.Event) error {
	if len(events) == 0 {
		return nil
	}
	columns := newEventColumns(len(events))
	for i := range events {
		columns.add(&events[i])
	}
	_, err := db.Exec(ctx, s.queries[qInsertEvents], columns.args()...)
	return err
}

// Record writes events that speak of no stored row. An id that is there already
// is left as it is.
func (s *Store) Record(ctx context.Context, events []event.Event) error {
	if len(events) == 0 {
		return nil
	}
	sorted := slices.SortedFunc(slices.Values(events), func(a, b event.Event) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	columns := newEventColumns(len(sorted))
	for i := range sorted {
		columns.add(&sorted[i])
	}
	return s.write(ctx, "record events", eventIDs(sorted), func() error {
		_, err := s.control.Exec(ctx, s.queries[qRecordEvents], columns.args()...)
		return err
	})
}

func eventIDs(events []event.Event) func() []uuid.UUID {
	return func() []uuid.UUID {
		ids := make([]uuid.UUID, len(events))
		for i := range events {
			ids[i] = events[i].ID
		}
		return ids
	}
}

// TaskEvents pages through the events of one task, oldest first.
func (s *Store) TaskEvents(ctx context.Context, id, after uuid.UUID, limit int) ([]event.Event, uuid.UUID, error) {
	if limit < 1 {
		return nil, uuid.Nil, fmt.Errorf("events of task %s: a page of %d events", id, limit)
	}
	if after == uuid.Nil {
		after = firstID(event.TimeOf(id).Add(-clockSkew))
	}
	events, err := collect(ctx, s.readers, scanEvent, s.queries[qTaskEvents], id.String(), [16]byte(after), limit+1)
	if err != nil {
		return nil, uuid.Nil, fail("events of task", err)
	}
	if len(events) <= limit {
		return events, uuid.Nil, nil
	}
	events = events[:limit]
	return events, events[limit-1].ID, nil
}

func scanEvent(row pgx.CollectableRow) (event.Event, error) {
	var (
		e                   event.Event
		severity            string
		timestamp           pgtype.Timestamptz
		correlation, parent pgtype.UUID
	)
	err := row.Scan((*[16]byte)(&e.ID), (*string)(&e.Type), &severity, &timestamp, &e.Message,
		(*[]byte)(&e.Metadata), &correlation, &parent)
	if err != nil {
		return event.Event{}, fmt.Errorf("scan event: %w", err)
	}
	e.Timestamp, e.CorrelationID, e.ParentID = timeOf(timestamp), correlation.Bytes, parent.Bytes
	if e.Severity, err = event.ParseSeverity(severity); err != nil {
		return event.Event{}, fmt.Errorf("event %s: %w", e.ID, err)
	}
	return e, nil
}
