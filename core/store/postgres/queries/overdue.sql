-- overdue lists pending tasks whose deadline has passed, the earliest first.
--
-- $1  how many at most
--
-- Result: tasks.
SELECT {living}
FROM tasks t
WHERE t.status = 0 AND t.deadline IS NOT NULL AND t.deadline <= now()
ORDER BY t.deadline, t.id
LIMIT $1
