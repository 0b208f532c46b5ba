-- running_on lists the running tasks of a node, the oldest first.
--
-- $1  node
-- $2  how many at most
--
-- Result: tasks.
SELECT {living}
FROM tasks t
WHERE t.status = 1 AND t.node_id = $1
ORDER BY t.id
LIMIT $2
