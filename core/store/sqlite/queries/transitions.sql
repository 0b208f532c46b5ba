-- The steps in the life of a task. Every statement carries its guard: status,
-- and attempt where there is one. None changes a task by id alone.

-- name: claim_task
-- pending → running: due, before its deadline, no cancel asked. That the lease
-- of node ?2 holds was checked in the same transaction. ?3 is now.
UPDATE tasks
SET status = 1, attempt = attempt + 1, node_id = ?2, started_at = ?3, updated = ?3
WHERE id = ?1 AND status = 0 AND cancel_requested = 0
  AND (run_at IS NULL OR run_at <= ?3)
  AND (deadline IS NULL OR deadline > ?3)
RETURNING {living}

-- name: finish_task
-- First half of the move into the history: the copy. ?2, ?3 status and attempt
-- of the guard; a pending task moves only once its deadline has passed. ?4 new
-- status, ?5 now, ?6 error (NULL: the stored one stays, unless completed),
-- ?7 result, ?8 to ?10 added to the counts.
INSERT INTO task_history (
    id, type, status, priority, updated, run_at, started_at, completed_at, deadline,
    retry_count, max_retries, attempt, crash_count, lapse_count, redrive_count, cancel_requested,
    unique_key, correlation_id, created_by, traceparent, description, metadata, error, payload, result
)
SELECT
    id, type, ?4, priority, ?5, run_at, started_at, ?5, deadline,
    retry_count + ?8, max_retries, attempt, crash_count + ?9, lapse_count + ?10, redrive_count, cancel_requested,
    unique_key, correlation_id, created_by, traceparent, description, metadata,
    CASE WHEN ?4 = 3 THEN NULL ELSE coalesce(?6, error) END, payload, ?7
FROM tasks
WHERE id = ?1 AND status = ?2 AND attempt = ?3
  AND (status = 1 OR status = 0 AND deadline <= ?5)

-- name: cancel_pending
-- pending → cancelled, first half. ?2 is now.
INSERT INTO task_history (
    id, type, status, priority, updated, run_at, started_at, completed_at, deadline,
    retry_count, max_retries, attempt, crash_count, lapse_count, redrive_count, cancel_requested,
    unique_key, correlation_id, created_by, traceparent, description, metadata, error, payload, result
)
SELECT
    id, type, 5, priority, ?2, run_at, started_at, ?2, deadline,
    retry_count, max_retries, attempt, crash_count, lapse_count, redrive_count, cancel_requested,
    unique_key, correlation_id, created_by, traceparent, description, metadata, error, payload, NULL
FROM tasks
WHERE id = ?1 AND status = 0

-- name: leave_living
-- Second half of a move: the copy is in the history, the row goes.
DELETE FROM tasks WHERE id = ?1 AND status = ?2 AND attempt = ?3

-- name: return_task
-- running → pending. ?3 now, ?4 run_at, ?5 error (NULL: the stored one stays),
-- ?6 to ?8 added to the counts, ?9 the creation time. Not when a cancel was
-- asked for.
UPDATE tasks
SET status = 0, node_id = NULL, updated = ?3, run_at = ?4, ready = max(?9, coalesce(?4, 0)),
    error = coalesce(?5, error),
    retry_count = retry_count + ?6, crash_count = crash_count + ?7, lapse_count = lapse_count + ?8
WHERE id = ?1 AND status = 1 AND attempt = ?2 AND cancel_requested = 0

-- name: bury_task
-- running → dead_letter, or pending → dead_letter once the deadline has
-- passed. ?2, ?3 status and attempt of the guard, ?4 now, ?5 error, ?6 to ?8
-- added to the counts.
UPDATE tasks
SET status = 2, node_id = NULL, updated = ?4, error = coalesce(?5, error),
    retry_count = retry_count + ?6, crash_count = crash_count + ?7, lapse_count = lapse_count + ?8
WHERE id = ?1 AND status = ?2 AND attempt = ?3
  AND (status = 1 OR status = 0 AND deadline <= ?4)

-- name: cancel_stands
-- Whether the attempt still runs and its end was asked for.
SELECT count(*) FROM tasks WHERE id = ?1 AND status = 1 AND attempt = ?2 AND cancel_requested = 1

-- name: ask_cancel
-- Asks for the end of a running task. ?2 is now.
UPDATE tasks SET cancel_requested = 1, updated = ?2
WHERE id = ?1 AND status = 1 AND cancel_requested = 0
