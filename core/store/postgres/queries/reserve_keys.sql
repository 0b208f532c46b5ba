-- reserve_keys takes Idempotency-Keys for requests that are about to be written.
-- Their answers follow in the same transaction (remember_answers).
--
-- $1, $2, $3  principals, routes and keys; sorted, so that two groups wait for
--             each other in one direction only
-- $4          when each is forgotten
-- $5          hashes of the requests
--
-- Result: principal, route, key of those that were free or had expired.
INSERT INTO idempotency AS i (principal, route, key, expires, request_hash, status, body)
SELECT v.principal, v.route, v.key, v.expires, v.request_hash, 0, ''
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::bytea[])
    AS v (principal, route, key, expires, request_hash)
ON CONFLICT (principal, route, key) DO UPDATE
SET expires = excluded.expires, request_hash = excluded.request_hash, status = 0, body = ''
WHERE i.expires <= now()
RETURNING i.principal, i.route, i.key
