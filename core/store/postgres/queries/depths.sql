-- depths counts the pending tasks by type.
--
-- Result: type, count.
SELECT type, count(*)
FROM tasks
WHERE status = 0
GROUP BY type
