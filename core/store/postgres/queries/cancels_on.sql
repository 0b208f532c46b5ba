-- cancels_on lists the running tasks of a node whose end was asked for.
--
-- $1  node
--
-- Result: ids.
SELECT id
FROM tasks
WHERE status = 1 AND node_id = $1 AND cancel_requested
ORDER BY id
