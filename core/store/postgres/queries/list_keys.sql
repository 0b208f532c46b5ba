-- list_keys lists the API keys, newest first.
--
-- Result: keys.
SELECT id, name, role, hash, created_by, created, expires, revoked
FROM api_keys
ORDER BY id DESC
