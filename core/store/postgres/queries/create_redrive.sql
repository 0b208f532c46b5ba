-- create_redrive stores a job that begins before the first id.
--
-- $1 … $7  id, type, code, per_second, created_by, request_id, correlation_id
--
-- Result: the job, with the number of dead letters that it selects.
INSERT INTO redrives (
    id, created, updated, next_at, position, correlation_id, matched, redriven, skipped, per_second, state,
    type, code, created_by, request_id
)
SELECT
    $1, now(), now(), now(), '00000000-0000-0000-0000-000000000000', $7, count(*), 0, 0, $4, 0, $2, $3, $5, $6
FROM tasks t
WHERE t.status = 2
  AND ($2::text = '' OR t.type = $2)
  AND ($3::text = '' OR substring(t.error::text FROM '^."code":"([^"]*)"') = $3)
RETURNING
    id, created, updated, next_at, position, correlation_id, matched, redriven, skipped, per_second, state,
    type, code, created_by, request_id
