-- create_key stores an API key.
--
-- $1 … $8  id, name, role, hash, created_by, created, expires, revoked
INSERT INTO api_keys (id, name, role, hash, created_by, created, expires, revoked)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
