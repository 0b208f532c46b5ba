SELECT hex(t.id) AS subject,
    CASE
        WHEN n.id IS NULL THEN 'runs on node ' || hex(t.node_id) || ', which is not known'
        ELSE 'runs on node ' || hex(t.node_id) || ', which was declared dead at ' || datetime(n.dead_at / 1000000, 'unixepoch')
    END AS detail
FROM tasks t LEFT JOIN nodes n ON n.id = t.node_id
WHERE t.status = 1 AND t.node_id IS NOT NULL AND (n.id IS NULL OR n.dead_at < (unixepoch() - 60) * 1000000)
