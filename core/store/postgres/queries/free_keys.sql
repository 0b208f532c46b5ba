-- free_keys gives reserved keys back: nothing of their requests was written.
--
-- $1, $2, $3  principals, routes and keys
DELETE FROM idempotency i
USING unnest($1::text[], $2::text[], $3::text[]) AS v (principal, route, key)
WHERE i.principal = v.principal AND i.route = v.route AND i.key = v.key
