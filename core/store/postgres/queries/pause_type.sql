-- pause_type begins a pause, or gives the one that stands another reason and end.
-- Since when the type is paused stays.
--
-- $1 … $4  type, reason, by, until
--
-- Result: the pause as it stands.
INSERT INTO type_pauses AS p (type, since, reason, paused_by, until)
VALUES ($1, now(), $2, $3, $4)
ON CONFLICT (type) DO UPDATE
SET reason = excluded.reason, paused_by = excluded.paused_by, until = excluded.until
RETURNING p.type, p.reason, p.paused_by, p.since, p.until
