-- Nodes and their leases. The clock is the one of this process.

-- name: register_node
INSERT INTO nodes (id, name, version, started, lease_until, config_hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)

-- name: renew_node
-- Prolongs a lease to ?2, if it still holds at ?3.
UPDATE nodes SET lease_until = ?2 WHERE id = ?1 AND dead_at IS NULL AND lease_until > ?3

-- name: lease_holds
SELECT count(*) FROM nodes WHERE id = ?1 AND dead_at IS NULL AND lease_until > ?2

-- name: lapsed_nodes
-- Nodes not yet declared dead whose lease has ended by ?1.
SELECT id, name, version, started, lease_until, dead_at, config_hash FROM nodes
WHERE dead_at IS NULL AND lease_until <= ?1 ORDER BY id

-- name: living_nodes
-- Nodes that nobody declared dead, whatever their lease.
SELECT id FROM nodes WHERE dead_at IS NULL ORDER BY id

-- name: end_node
-- Marks a node that is not marked yet; ?2 is now.
UPDATE nodes SET dead_at = ?2 WHERE id = ?1 AND dead_at IS NULL
RETURNING id, name, version, started, lease_until, dead_at, config_hash

-- name: nodes
SELECT id, name, version, started, lease_until, dead_at, config_hash FROM nodes ORDER BY id DESC

-- name: dead_with_work
SELECT id FROM nodes
WHERE dead_at IS NOT NULL AND EXISTS (SELECT 1 FROM tasks WHERE status = 1 AND node_id = nodes.id)
ORDER BY id

-- name: leads
-- Whether a node leads at ?2.
SELECT count(*) FROM leader JOIN nodes ON nodes.id = leader.node_id
WHERE leader.node_id = ?1 AND nodes.dead_at IS NULL AND nodes.lease_until > ?2

-- name: take_lead
-- Makes a node the leader if its lease holds at ?2 and the leader's does not.
UPDATE leader SET node_id = ?1
WHERE EXISTS (SELECT 1 FROM nodes WHERE id = ?1 AND dead_at IS NULL AND lease_until > ?2)
  AND NOT EXISTS (SELECT 1 FROM nodes WHERE id = leader.node_id AND dead_at IS NULL AND lease_until > ?2)

-- name: members
-- The nodes that live, hold work, or went after ?2; ?1 is now, ?3 how many at most.
SELECT
    id, name, version, started, lease_until, dead_at, config_hash,
    lease_until > ?1,
    (SELECT count(*) FROM tasks WHERE status = 1 AND node_id = nodes.id),
    EXISTS (SELECT 1 FROM leader WHERE leader.node_id = nodes.id)
FROM nodes
WHERE dead_at IS NULL OR dead_at > ?2 OR EXISTS (SELECT 1 FROM tasks WHERE status = 1 AND node_id = nodes.id)
ORDER BY id DESC LIMIT ?3
