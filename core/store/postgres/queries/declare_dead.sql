-- declare_dead marks the nodes whose lease has ended. A node that renews at the
-- same moment wins or loses as a whole: the guard is read again once its row is
-- locked.
--
-- Result: the nodes.
UPDATE nodes
SET dead_at = clock_timestamp()
WHERE dead_at IS NULL AND lease_until < clock_timestamp()
RETURNING id, name, version, started, lease_until, dead_at, config_hash
