-- lock_schedule takes a schedule for the rest of the transaction: whoever else
-- wants to fire it waits, and then sees the new position.
--
-- $1  name
--
-- Result: the schedule.
SELECT s.name, s.hash, s.position, s.last_fire, s.last_task, s.paused_at, s.paused_by
FROM schedules s
WHERE s.name = $1
FOR UPDATE
