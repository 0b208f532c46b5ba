SELECT hex(id) AS subject, 'running with attempt ' || attempt || ' on node ' || coalesce(hex(node_id), 'none') AS detail
FROM tasks WHERE status = 1 AND (node_id IS NULL OR attempt < 1)
