SELECT id::text AS subject, format('running with attempt %s on node %s', attempt, coalesce(node_id::text, 'none')) AS detail
FROM tasks WHERE status = 1 AND (node_id IS NULL OR attempt < 1)
