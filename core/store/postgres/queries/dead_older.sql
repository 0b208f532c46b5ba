-- dead_older lists dead letters that were given up longer ago than an age, the
-- oldest first.
--
-- $1, $2  the age, and how many at most
--
-- Result: tasks.
SELECT {living}
FROM tasks t
WHERE t.status = 2 AND t.updated < now() - $1::interval
ORDER BY t.updated, t.id
LIMIT $2
