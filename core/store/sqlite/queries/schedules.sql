-- Cron schedules.

-- name: list_schedules
SELECT name, hash, position, last_fire, last_task, paused_at, paused_by FROM schedules ORDER BY name

-- name: get_schedule
SELECT name, hash, position, last_fire, last_task, paused_at, paused_by FROM schedules WHERE name = ?1

-- name: adopt_schedule
-- Begins a schedule, or one whose hash has changed. The position never goes back.
INSERT INTO schedules (name, hash, position, paused_by) VALUES (?1, ?2, ?3, '')
ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, position = max(position, excluded.position)
WHERE hash <> excluded.hash

-- name: save_schedule
-- ?2 … ?6: position, last fire, last task, paused at, paused by.
UPDATE schedules SET position = ?2, last_fire = ?3, last_task = ?4, paused_at = ?5, paused_by = ?6 WHERE name = ?1

-- name: task_lives
SELECT count(*) FROM tasks WHERE id = ?1 AND status IN (0, 1)
