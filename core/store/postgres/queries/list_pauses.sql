-- list_pauses lists the pauses that stand.
--
-- Result: pauses.
SELECT p.type, p.reason, p.paused_by, p.since, p.until
FROM type_pauses p
ORDER BY p.type
