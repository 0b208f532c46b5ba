-- set_epoch stores the epoch of a type's queue.
--
-- $1, $2  type and epoch
INSERT INTO epochs (type, epoch) VALUES ($1, $2)
ON CONFLICT (type) DO UPDATE SET epoch = excluded.epoch
