package sqlite

import (
	"context"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
)

// Lead tells whether a node leads. When nobody does it takes the lead, with its
// event.
func (s *Store) Lead(ctx context.Context, id uuid.UUID, taken event.Event) (leads bool, err error) {
	err = s.write(ctx, "take the lead", func(ctx context.Context, b *batch) error {
		now := b.now.UnixMicro()
		found, err := b.count(ctx, qLeads, id[:], now)
		if leads = found > 0; err != nil || leads {
			return err
		}
		changed, err := b.exec(ctx, qTakeLead, id[:], now)
		if leads = changed == 1; err != nil || !leads {
			return err
		}
		return b.writeEvent(ctx, qInsertEvent, &taken)
	})
	return leads && err == nil, err
}
