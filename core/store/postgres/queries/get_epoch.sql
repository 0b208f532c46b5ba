-- get_epoch returns the epoch of a type's queue.
--
-- $1  type
--
-- Result: epoch, or no row.
SELECT epoch FROM epochs WHERE type = $1
