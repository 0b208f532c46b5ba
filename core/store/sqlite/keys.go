package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/core/event"
)

// CreateKey stores a key with its event.
func (s *Store) CreateKey(ctx context.Context, key auth.Key, ev event.Event) error {
	return s.write(ctx, "create key", func(ctx context.Context, b *batch) error {
		if err := checkTexts(key.Name, string(key.Role), key.CreatedBy); err != nil {
			return err
		}
		_, err := b.exec(ctx, qCreateKey, key.ID[:], key.Name, string(key.Role), key.Hash, key.CreatedBy,
			key.Created.UnixMicro(), micros(key.Expires), micros(key.Revoked))
		if err != nil {
			return err
		}
		return b.writeEvent(ctx, qInsertEvent, &ev)
	})
}

// Key finds a key by its id, revoked and expired ones included.
func (s *Store) Key(ctx context.Context, id uuid.UUID) (auth.Key, bool, error) {
	key, ok, err := first(ctx, s.readers.stmts[qGetKey], scanKey, id[:])
	if err != nil {
		return auth.Key{}, false, fmt.Errorf("find key %s: %w", id, err)
	}
	return key, ok, nil
}

// Keys lists all keys, newest first.
func (s *Store) Keys(ctx context.Context) ([]auth.Key, error) {
	keys, err := collect(ctx, s.readers.stmts[qKeys], scanKey)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return keys, nil
}

// RevokeKey marks a key with its event; one that is revoked already stays as it
// is, without an event.
func (s *Store) RevokeKey(ctx context.Context, id uuid.UUID, ev event.Event) (ok bool, err error) {
	err = s.write(ctx, "revoke key", func(ctx context.Context, b *batch) error {
		_, found, err := first(ctx, b.stmt(ctx, qGetKey), scanKey, id[:])
		if err != nil || !found {
			return err
		}
		ok = true
		revoked, err := b.exec(ctx, qRevokeKey, id[:], b.now.UnixMicro())
		if err != nil || revoked == 0 {
			return err
		}
		return b.writeEvent(ctx, qInsertEvent, &ev)
	})
	return ok && err == nil, err
}

func scanKey(row scanner) (key auth.Key, err error) {
	var created, expires, revoked sql.NullInt64
	err = row.Scan(&key.ID, &key.Name, &key.Role, &key.Hash, &key.CreatedBy, &created, &expires, &revoked)
	if err != nil {
		return auth.Key{}, fmt.Errorf("scan key: %w", err)
	}
	key.Created, key.Expires, key.Revoked = timeOf(created), timeOf(expires), timeOf(revoked)
	return key, nil
}

// Epoch returns the epoch of a type's queue; uuid.Nil when it has none.
func (s *Store) Epoch(ctx context.Context, typ string) (epoch uuid.UUID, err error) {
	err = s.readers.stmts[qGetEpoch].QueryRowContext(ctx, typ).Scan(&epoch)
	if errors.Is(err, sql.ErrNoRows) {
		return uuid.Nil, nil
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("epoch of %s: %w", typ, err)
	}
	return epoch, nil
}

// SetEpoch stores it.
func (s *Store) SetEpoch(ctx context.Context, typ string, epoch uuid.UUID) error {
	return s.write(ctx, "set epoch", func(ctx context.Context, b *batch) error {
		_, err := b.exec(ctx, qSetEpoch, typ, epoch[:])
		return err
	})
}
