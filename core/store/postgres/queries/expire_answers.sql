-- expire_answers removes answers that have expired.
--
-- $1  how many at most
DELETE FROM idempotency
WHERE (principal, route, key) IN (
    SELECT principal, route, key FROM idempotency
    WHERE expires <= now()
    ORDER BY expires
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
