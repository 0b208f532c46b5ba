-- revoke_key marks an API key that is not revoked yet.
--
-- $1  id
UPDATE api_keys
SET revoked = now()
WHERE id = $1 AND revoked IS NULL
