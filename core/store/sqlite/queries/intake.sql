-- Statements of the group insert. All run inside one transaction of the writer.

-- name: insert_task
-- One pending task; no row when its unique key is taken.
INSERT INTO tasks (
    id, type, status, priority, ready, updated, run_at, started_at, deadline, retry_count, max_retries,
    attempt, crash_count, lapse_count, redrive_count, cancel_requested, unique_key, correlation_id,
    created_by, traceparent, description, metadata, error, payload
) VALUES (
    ?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
    ?11, ?12, ?13, ?14, 0, ?15, ?16,
    ?17, ?18, ?19, ?20, ?21, ?22
)
ON CONFLICT (type, unique_key) WHERE status IN (0, 1) AND unique_key IS NOT NULL DO NOTHING

-- name: unique_holder
-- Which task holds a unique key.
SELECT id FROM tasks
WHERE type = ?1 AND unique_key = ?2 AND status IN (0, 1) AND unique_key IS NOT NULL

-- name: idempotency_find
-- The remembered answer, unless it has expired by ?4.
SELECT request_hash, status, body, expires FROM idempotency
WHERE principal = ?1 AND route = ?2 AND key = ?3 AND expires > ?4

-- name: idempotency_put
-- Remembers an answer; takes the place of an expired one (by ?8) only.
INSERT INTO idempotency (principal, route, key, request_hash, status, body, expires)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (principal, route, key) DO UPDATE
SET request_hash = excluded.request_hash, status = excluded.status, body = excluded.body, expires = excluded.expires
WHERE idempotency.expires <= ?8

-- name: idempotency_expire
-- Removes up to ?2 answers that have expired by ?1.
DELETE FROM idempotency
WHERE (principal, route, key) IN (
    SELECT principal, route, key FROM idempotency WHERE expires <= ?1 ORDER BY expires LIMIT ?2
)
