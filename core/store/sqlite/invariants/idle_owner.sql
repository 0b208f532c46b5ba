SELECT hex(id) AS subject, 'status ' || status || ', but on node ' || hex(node_id) AS detail
FROM tasks WHERE status <> 1 AND node_id IS NOT NULL
