-- adopt: begin a new life of one task type's queue.
-- KEYS[1] hr:{T}:epoch   KEYS[2] hr:{T}:overflow  hash priority -> count
-- KEYS[3..6] hr:{T}:ready:0..3
-- ARGV[1] the new epoch
-- returns 1
-- What a former life left is thrown away: the caller fills the lanes from the
-- store afterwards. The overflow marks stand until it has done so.
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6])
redis.call('SET', KEYS[1], ARGV[1])
for p = 0, 3 do
  redis.call('HSET', KEYS[2], p, 1)
end
return 1
