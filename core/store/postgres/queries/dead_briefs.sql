-- dead_briefs lists what groups of dead letters are made of, newest first.
--
-- $1, $2  only smaller ids, and how many at most
--
-- Result: id, type, updated, and the error.
SELECT t.id, t.type, t.updated, t.error
FROM tasks t
WHERE t.status = 2 AND t.id < $1
ORDER BY t.id DESC
LIMIT $2
