SELECT id::text AS subject, format('status %s, but on node %s', status, node_id) AS detail
FROM tasks WHERE status <> 1 AND node_id IS NOT NULL
