-- leads tells whether a node leads.
--
-- $1  node
--
-- Result: one boolean.
SELECT EXISTS (
    SELECT FROM leader l JOIN nodes n ON n.id = l.node_id
    WHERE l.node_id = $1 AND n.dead_at IS NULL AND n.lease_until > clock_timestamp()
)
