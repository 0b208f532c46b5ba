-- waiting lists tasks of one type and priority that can be claimed now, in the
-- order in which they became ready.
--
-- $1, $2  type and priority
-- $3      how many at most
--
-- Result: id, type, priority, ready.
SELECT id, type, priority, ready
FROM tasks
WHERE status = 0 AND type = $1 AND priority = $2
  AND ready <= now()
  AND (deadline IS NULL OR deadline > now())
ORDER BY ready, id
LIMIT $3
