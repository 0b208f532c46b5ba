package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/core/event"
)

// CreateKey stores a key with its event.
func (s *Store) CreateKey(ctx context.Context, key auth.Key, ev event.Event) error {
	return s.inTx(ctx, "create key", func(tx pgx.Tx) ([]event.Event, error) {
		_, err := tx.Exec(ctx, s.queries[qCreateKey], [16]byte(key.ID), key.Name, string(key.Role), notNil(key.Hash),
			key.CreatedBy, instant(key.Created), instant(key.Expires), instant(key.Revoked))
		return []event.Event{ev}, err
	})
}

// Key finds a key by its id, revoked and expired ones included.
func (s *Store) Key(ctx context.Context, id uuid.UUID) (auth.Key, bool, error) {
	key, ok, err := first(ctx, s.readers, scanKey, s.queries[qGetKey], [16]byte(id))
	if err != nil {
		return auth.Key{}, false, fail("find key", err)
	}
	return key, ok, nil
}

// Keys lists all keys, newest first.
func (s *Store) Keys(ctx context.Context) ([]auth.Key, error) {
	keys, err := collect(ctx, s.readers, scanKey, s.queries[qListKeys])
	if err != nil {
		return nil, fail("list keys", err)
	}
	return keys, nil
}

// RevokeKey marks a key with its event; one that is revoked already stays as it
// is, without an event.
func (s *Store) RevokeKey(ctx context.Context, id uuid.UUID, ev event.Event) (found bool, err error) {
	err = s.inTx(ctx, "revoke key", func(tx pgx.Tx) ([]event.Event, error) {
		tag, err := tx.Exec(ctx, s.queries[qRevokeKey], [16]byte(id))
		if err != nil {
			return nil, err
		}
		if tag.RowsAffected() == 1 {
			found = true
			return []event.Event{ev}, nil
		}
		_, found, err = first(ctx, tx, scanKey, s.queries[qGetKey], [16]byte(id))
		return nil, err
	})
	return found && err == nil, err
}

func scanKey(row pgx.CollectableRow) (key auth.Key, err error) {
	var expires, revoked pgtype.Timestamptz
	err = row.Scan((*[16]byte)(&key.ID), &key.Name, (*string)(&key.Role), &key.Hash, &key.CreatedBy,
		&key.Created, &expires, &revoked)
	key.Created, key.Expires, key.Revoked = key.Created.UTC(), timeOf(expires), timeOf(revoked)
	return key, err
}
