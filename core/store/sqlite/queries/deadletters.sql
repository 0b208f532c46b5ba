-- Dead letters: their way back, their eviction, and redrives as jobs. Every
-- statement that changes a task carries its guard: status, attempt, redrives.

-- name: redrive_task
-- dead_letter → pending. ?2, ?3 attempt and redrives of the guard, ?4 now, ?5
-- the creation time: its turn is the old one. A deadline that has passed is none
-- any more.
UPDATE tasks
SET status = 0, node_id = NULL, updated = ?4, run_at = NULL, ready = ?5,
    retry_count = 0, crash_count = 0, lapse_count = 0, redrive_count = redrive_count + 1, cancel_requested = 0,
    deadline = CASE WHEN deadline > ?4 THEN deadline END
WHERE id = ?1 AND status = 2 AND attempt = ?2 AND redrive_count = ?3
RETURNING {living}

-- name: evict_dead
-- Deletes a dead letter. ?2, ?3 attempt and redrives of the guard.
DELETE FROM tasks WHERE id = ?1 AND status = 2 AND attempt = ?2 AND redrive_count = ?3

-- name: count_dead
-- Of a type (?1) and a code (?2); '' is any.
SELECT count(*) FROM tasks
WHERE status = 2 AND (?1 = '' OR type = ?1) AND (?2 = '' OR json_extract(error, '$.code') = ?2)

-- name: next_dead
-- The next dead letters of a redrive: behind id ?1, given up by ?2, of a type
-- (?3) and a code (?4).
SELECT {living} FROM tasks INDEXED BY tasks_dead
WHERE status = 2 AND id > ?1 AND updated <= ?2
  AND (?3 = '' OR type = ?3) AND (?4 = '' OR json_extract(error, '$.code') = ?4)
ORDER BY id LIMIT ?5

-- name: dead_older
-- Given up before ?1, the oldest first.
SELECT {living} FROM tasks
WHERE status = 2 AND updated < ?1
ORDER BY updated, id LIMIT ?2

-- name: dead_beyond
-- The oldest of the dead letters that are more than ?1, ?2 of them at most.
SELECT {living} FROM tasks
WHERE status = 2
ORDER BY updated, id
LIMIT max(min(?2, (SELECT count(*) FROM tasks WHERE status = 2) - ?1), 0)

-- name: dead_briefs
-- What groups are made of, newest first, below id ?1.
SELECT id, type, updated, error FROM tasks INDEXED BY tasks_dead
WHERE status = 2 AND id < ?1
ORDER BY id DESC LIMIT ?2

-- name: retry_dead
-- Dead letters that were redriven ?1 times and given up by ?2; not those whose
-- unique key is held.
SELECT {living} FROM tasks INDEXED BY tasks_dead_tries
WHERE status = 2 AND redrive_count = ?1 AND updated <= ?2
  AND (unique_key IS NULL OR NOT EXISTS (
        SELECT 1 FROM tasks h
        WHERE h.type = tasks.type AND h.unique_key = tasks.unique_key AND h.unique_key IS NOT NULL AND h.status IN (0, 1)
    ))
ORDER BY updated, id LIMIT ?3

-- name: create_redrive
-- ?1 id, ?2 now, ?3 before all ids, ?4 correlation, ?5 matched, ?6 pace, ?7 type,
-- ?8 code, ?9 who, ?10 by which request.
INSERT INTO redrives (
    id, created, updated, next_at, position, correlation_id, matched, redriven, skipped, per_second, state,
    type, code, created_by, request_id
)
VALUES (?1, ?2, ?2, ?2, ?3, ?4, ?5, 0, 0, ?6, 0, ?7, ?8, ?9, ?10)

-- name: get_redrive
SELECT
    id, created, updated, next_at, position, correlation_id, matched, redriven, skipped, per_second, state,
    type, code, created_by, request_id
FROM redrives WHERE id = ?1

-- name: running_redrives
SELECT id FROM redrives WHERE state = 0 ORDER BY id

-- name: update_redrive
-- Moves a running job on.
UPDATE redrives
SET updated = ?2, next_at = ?3, position = ?4, redriven = ?5, skipped = ?6, state = ?7
WHERE id = ?1 AND state = 0

-- name: forget_redrives
-- Deletes jobs that ended before ?1.
DELETE FROM redrives WHERE state <> 0 AND updated < ?1
