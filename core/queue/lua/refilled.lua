-- refilled: take a lane's overflow mark away, unless something overflowed meanwhile.
-- KEYS[1] hr:{T}:epoch   KEYS[2] hr:{T}:overflow  hash priority -> count
-- ARGV[1] epoch of the caller   ARGV[2] the lane, 0..3
-- ARGV[3] its mark as it was before the store was read
-- returns 1 when it is gone, 0 when it stays, -1 when the type's data was lost
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return -1
end
if tonumber(redis.call('HGET', KEYS[2], ARGV[2]) or 0) > tonumber(ARGV[3]) then
  return 0
end
redis.call('HDEL', KEYS[2], ARGV[2])
return 1
