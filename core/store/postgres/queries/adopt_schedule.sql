-- adopt_schedule begins a schedule, or one whose hash has changed. The position
-- never goes back.
--
-- $1 … $3  name, hash, position
--
-- Result: the name, when something changed.
INSERT INTO schedules AS s (name, hash, position, paused_by)
VALUES ($1, $2, $3, '')
ON CONFLICT (name) DO UPDATE
SET hash = excluded.hash, position = greatest(s.position, excluded.position)
WHERE s.hash <> excluded.hash
RETURNING s.name
