-- count_running counts the running tasks of one type on all nodes. It reads what
-- runs, which is bounded by the places of the nodes, never what waits.
--
-- $1  type
--
-- Result: count.
SELECT count(*)
FROM tasks
WHERE status = 1 AND type = $1
