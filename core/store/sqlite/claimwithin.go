package sqlite

import (
	"context"

	"github.com/headrace/headrace/core/task"
)

// ClaimWithin is Claim for tasks of one type, of which no more may run at a time
// than the limit says. Ids of other types are passed over. The one writer is the
// lock.
func (s *Store) ClaimWithin(ctx context.Context, req task.ClaimRequest, limit task.RunningLimit) (claim task.LimitedClaim, err error) {
	err = s.write(ctx, "claim tasks within a limit", func(ctx context.Context, b *batch) (err error) {
		holds, err := b.count(ctx, qLeaseHolds, req.Node[:], micros(b.now))
		if err != nil || holds == 0 {
			return err
		}
		claim, err = b.claimWithin(ctx, req, limit)
		return err
	})
	if err != nil {
		return task.LimitedClaim{}, err
	}
	return claim, nil
}

// claimWithin counts what runs and claims the rest.
func (b *batch) claimWithin(ctx context.Context, req task.ClaimRequest, limit task.RunningLimit) (claim task.LimitedClaim, err error) {
	running, err := b.count(ctx, qCountRunning, limit.Type)
	if err != nil {
		return claim, err
	}
	room := limit.Most - int(running)
	for _, id := range req.IDs {
		if len(claim.Tasks) >= room {
			break
		}
		fits, err := b.count(ctx, qTypeOfPending, id[:], limit.Type)
		if err != nil {
			return claim, err
		}
		if fits == 0 {
			continue
		}
		t, ok, err := b.claim(ctx, id, req)
		if err != nil {
			return claim, err
		}
		if ok {
			claim.Tasks = append(claim.Tasks, t)
		}
	}
	claim.Full = len(claim.Tasks) >= room
	return claim, nil
}
