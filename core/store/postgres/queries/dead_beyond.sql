-- dead_beyond lists the oldest of the dead letters that are more than allowed.
-- Counted and listed in one snapshot: of two that ask, neither gets more.
--
-- $1, $2  how many are allowed, and how many to list at most
--
-- Result: tasks.
SELECT {living}
FROM tasks t
WHERE t.status = 2
ORDER BY t.updated, t.id
LIMIT greatest(least($2::bigint, (SELECT count(*) FROM tasks WHERE status = 2) - $1::bigint), 0)
