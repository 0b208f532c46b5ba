-- Reading of tasks. {living} and {ended} are the columns of tasks and of
-- task_history in the one order in which rows are scanned.

-- name: get_living
SELECT {living} FROM tasks WHERE id = ?1

-- name: get_ended
SELECT {ended} FROM task_history WHERE id = ?1

-- name: waiting
-- Hints of one type (?1) and priority (?2), due by ?3, not past their deadline.
SELECT id, type, priority, ready FROM tasks
WHERE status = 0 AND type = ?1 AND priority = ?2 AND ready <= ?3
  AND (deadline IS NULL OR deadline > ?3)
ORDER BY ready, id LIMIT ?4

-- name: due
-- Hints whose run_at lies in (?1, ?2].
SELECT id, type, priority, ready, run_at FROM tasks
WHERE status = 0 AND run_at IS NOT NULL AND run_at > ?1 AND run_at <= ?2
ORDER BY run_at, id LIMIT ?3

-- name: due_ties
-- The rest of the hints with run_at ?1: those after id ?2.
SELECT id, type, priority, ready, run_at FROM tasks
WHERE status = 0 AND run_at IS NOT NULL AND run_at = ?1 AND id > ?2
ORDER BY id

-- name: overdue
-- Pending tasks whose deadline has passed by ?1.
SELECT {living} FROM tasks
WHERE status = 0 AND deadline IS NOT NULL AND deadline <= ?1
ORDER BY deadline, id LIMIT ?2

-- name: running_on
SELECT {living} FROM tasks WHERE status = 1 AND node_id = ?1 ORDER BY id LIMIT ?2

-- name: cancels_on
SELECT id FROM tasks WHERE status = 1 AND node_id = ?1 AND cancel_requested = 1 ORDER BY id

-- name: depths
SELECT type, count(*) FROM tasks INDEXED BY tasks_waiting WHERE status = 0 GROUP BY type
