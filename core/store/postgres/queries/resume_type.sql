-- resume_type ends the pause of a type.
--
-- $1  type
--
-- Result: the pause that stood; no row when there was none.
DELETE FROM type_pauses p
WHERE p.type = $1
RETURNING p.type, p.reason, p.paused_by, p.since, p.until
