-- take_lead makes a node the leader if its lease holds and the leader's does
-- not. Of two that take it at once the second waits for the row, reads the guard
-- again, and finds the first.
--
-- $1  node
UPDATE leader l
SET node_id = $1
WHERE EXISTS (
        SELECT FROM nodes n
        WHERE n.id = $1 AND n.dead_at IS NULL AND n.lease_until > clock_timestamp()
    )
  AND NOT EXISTS (
        SELECT FROM nodes n
        WHERE n.id = l.node_id AND n.dead_at IS NULL AND n.lease_until > clock_timestamp()
    )
