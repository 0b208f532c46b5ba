package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/core/event"
)

// Lead tells whether a node leads. When nobody does it takes the lead, with its
// event.
func (s *Store) Lead(ctx context.Context, id uuid.UUID, taken event.Event) (leads bool, err error) {
	leads, _, err = first(ctx, s.control, pgx.RowTo[bool], s.queries[qLeads], [16]byte(id))
	if err != nil {
		return false, fail("ask who leads", err)
	}
	if leads {
		return true, nil
	}
	err = s.inTx(ctx, "take the lead", func(tx pgx.Tx) ([]event.Event, error) {
		tag, err := tx.Exec(ctx, s.queries[qTakeLead], [16]byte(id))
		if leads = tag.RowsAffected() == 1; err != nil || !leads {
			return nil, err
		}
		return []event.Event{taken}, nil
	})
	return leads && err == nil, err
}
