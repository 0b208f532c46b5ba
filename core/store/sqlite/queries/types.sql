-- Pauses and limits of task types.

-- name: pause_type
-- Begins a pause, or gives the one that stands another reason and end. ?4 is
-- now, ?5 the end.
INSERT INTO type_pauses (type, reason, paused_by, since, until)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (type) DO UPDATE SET reason = excluded.reason, paused_by = excluded.paused_by, until = excluded.until
RETURNING type, reason, paused_by, since, until

-- name: resume_type
DELETE FROM type_pauses WHERE type = ?1 RETURNING type, reason, paused_by, since, until

-- name: end_pauses
-- Ends the pauses whose time is over; ?1 is now.
DELETE FROM type_pauses WHERE until <= ?1 RETURNING type, reason, paused_by, since, until

-- name: list_pauses
SELECT type, reason, paused_by, since, until FROM type_pauses ORDER BY type

-- name: count_running
SELECT count(*) FROM tasks WHERE status = 1 AND type = ?1

-- name: type_of_pending
-- Confirms that a hint is of the type whose limit it is claimed under.
SELECT count(*) FROM tasks WHERE id = ?1 AND status = 0 AND type = ?2
