-- end_node marks a node that stops by itself and was not declared dead.
--
-- $1  node
UPDATE nodes
SET dead_at = clock_timestamp()
WHERE id = $1 AND dead_at IS NULL
