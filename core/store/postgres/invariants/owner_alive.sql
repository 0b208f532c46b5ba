SELECT t.id::text AS subject,
    CASE
        WHEN n.id IS NULL THEN format('runs on node %s, which is not known', t.node_id)
        ELSE format('runs on node %s, which was declared dead at %s', t.node_id, n.dead_at)
    END AS detail
FROM tasks t LEFT JOIN nodes n ON n.id = t.node_id
WHERE t.status = 1 AND t.node_id IS NOT NULL AND (n.id IS NULL OR n.dead_at < now() - interval '1 minute')
