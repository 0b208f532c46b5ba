-- get_key finds an API key, revoked and expired ones included.
--
-- $1  id
--
-- Result: the key, or no row.
SELECT id, name, role, hash, created_by, created, expires, revoked
FROM api_keys
WHERE id = $1
