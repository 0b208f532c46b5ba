-- adopt: begin a new life of one task type's queue.
-- KEYS[1] hr:{T}:epoch   KEYS[2] hr:{T}:overflow   KEYS[3..6] hr:{T}:ready:0..3
-- ARGV[1] the new epoch
-- returns 1
-- What a former life left is thrown away: the caller fills the lanes from the
-- store afterwards. The overflow mark stands until it has done so.
redis.call('DEL', KEYS[3], KEYS[4], KEYS[5], KEYS[6])
redis.call('SET', KEYS[1], ARGV[1])
redis.call('SET', KEYS[2], 1)
return 1
