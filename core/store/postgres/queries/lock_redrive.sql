-- lock_redrive takes the row of a job: two leaders do not step at once.
--
-- $1  id
--
-- Result: the time of the database, after the row was got, and the job.
SELECT
    clock_timestamp(),
    id, created, updated, next_at, position, correlation_id, matched, redriven, skipped, per_second, state,
    type, code, created_by, request_id
FROM redrives
WHERE id = $1
FOR UPDATE
