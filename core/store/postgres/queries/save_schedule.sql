-- save_schedule writes a schedule that lock_schedule took.
--
-- $1 … $6  name, position, last fire, last task, paused at, paused by
UPDATE schedules
SET position = $2, last_fire = $3, last_task = $4, paused_at = $5, paused_by = $6
WHERE name = $1
