-- end_pauses ends the pauses whose time is over. One that somebody prolongs at
-- this moment is looked at again when his change is written, so it stands.
--
-- Result: the pauses that stood.
DELETE FROM type_pauses p
WHERE p.until <= clock_timestamp()
RETURNING p.type, p.reason, p.paused_by, p.since, p.until
