-- members lists the nodes that live, hold work, or went in the last day.
--
-- $1  how many at most
--
-- Result: nodes, whether the lease holds, running tasks, whether it leads;
-- newest first.
SELECT
    n.id, n.name, n.version, n.started, n.lease_until, n.dead_at, n.config_hash,
    n.lease_until > clock_timestamp(),
    (SELECT count(*) FROM tasks t WHERE t.status = 1 AND t.node_id = n.id),
    EXISTS (SELECT FROM leader l WHERE l.node_id = n.id)
FROM nodes n
WHERE n.dead_at IS NULL OR n.dead_at > clock_timestamp() - interval '1 day'
   OR EXISTS (SELECT FROM tasks t WHERE t.status = 1 AND t.node_id = n.id)
ORDER BY n.id DESC
LIMIT $1
