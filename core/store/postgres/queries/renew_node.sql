-- renew_node prolongs the lease of a node, if it still holds.
--
-- $1  node
-- $2  length of the lease
UPDATE nodes
SET lease_until = clock_timestamp() + $2::interval
WHERE id = $1 AND dead_at IS NULL AND lease_until > clock_timestamp()
