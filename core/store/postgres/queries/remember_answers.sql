-- remember_answers writes the answers to requests whose keys this transaction
-- has reserved.
--
-- $1, $2, $3  principals, routes and keys
-- $4, $5      status and body of each answer
UPDATE idempotency i
SET status = v.status, body = v.body
FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::bytea[])
    AS v (principal, route, key, status, body)
WHERE i.principal = v.principal AND i.route = v.route AND i.key = v.key
