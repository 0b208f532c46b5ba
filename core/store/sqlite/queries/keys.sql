-- API keys and queue epochs.

-- name: create_key
INSERT INTO api_keys (id, name, role, hash, created_by, created, expires, revoked)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)

-- name: get_key
SELECT id, name, role, hash, created_by, created, expires, revoked FROM api_keys WHERE id = ?1

-- name: keys
SELECT id, name, role, hash, created_by, created, expires, revoked FROM api_keys ORDER BY id DESC

-- name: revoke_key
-- Marks a key that is not revoked yet; ?2 is now.
UPDATE api_keys SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL

-- name: get_epoch
SELECT epoch FROM queue_epochs WHERE type = ?1

-- name: set_epoch
INSERT INTO queue_epochs (type, epoch) VALUES (?1, ?2)
ON CONFLICT (type) DO UPDATE SET epoch = excluded.epoch
