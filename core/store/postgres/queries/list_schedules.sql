-- list_schedules lists the schedules.
--
-- Result: schedules.
SELECT s.name, s.hash, s.position, s.last_fire, s.last_task, s.paused_at, s.paused_by
FROM schedules s
ORDER BY s.name
