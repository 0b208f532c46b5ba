-- get_redrive finds a job.
--
-- $1  id
--
-- Result: the job, or no row.
SELECT
    id, created, updated, next_at, position, correlation_id, matched, redriven, skipped, per_second, state,
    type, code, created_by, request_id
FROM redrives
WHERE id = $1
