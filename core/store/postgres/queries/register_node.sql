-- register_node inserts a node.
--
-- $1 … $4  id, name, version, config_hash
-- $5       when it started; NULL: now
-- $6       length of its lease
INSERT INTO nodes (id, name, version, config_hash, started, lease_until)
VALUES ($1, $2, $3, $4, coalesce($5, now()), clock_timestamp() + $6::interval)
