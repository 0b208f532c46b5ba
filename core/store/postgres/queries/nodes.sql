-- nodes lists the nodes, newest first.
--
-- Result: nodes.
SELECT id, name, version, started, lease_until, dead_at, config_hash
FROM nodes
ORDER BY id DESC
