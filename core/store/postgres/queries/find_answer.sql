-- find_answer finds the remembered answer to a request.
--
-- $1, $2, $3  principal, route, key
--
-- Result: request_hash, status, body, expires; no row when there is none or it
-- has expired.
SELECT request_hash, status, body, expires
FROM idempotency
WHERE principal = $1 AND route = $2 AND key = $3 AND expires > now()
