-- push: add ids to the ready lanes of one task type, within its window.
-- KEYS[1] hr:{T}:epoch   KEYS[2] hr:{T}:overflow  hash priority -> count
-- KEYS[3..6] hr:{T}:ready:0..3  zset id -> order
-- ARGV[1] epoch of the caller   ARGV[2] window, ids a lane
-- ARGV[3..] triples: priority 0..3, order in ms, 16-byte id
-- returns the number of ids that found no room, or -1 when the type's data was lost
-- An id that is there already keeps its place. What finds no room waits in the
-- store; the overflow mark of its lane makes the next refill look for it.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return -1
end
local window = tonumber(ARGV[2])
local lanes, room = {}, {}
local left_out = {}
local total = 0
for i = 3, #ARGV, 3 do
  local p = tonumber(ARGV[i])
  if not lanes[p] then
    lanes[p] = {}
    room[p] = window - redis.call('ZCARD', KEYS[3 + p])
  end
  if room[p] > 0 then
    local lane = lanes[p]
    lane[#lane + 1] = ARGV[i + 1]
    lane[#lane + 1] = ARGV[i + 2]
    room[p] = room[p] - 1
  else
    left_out[p] = (left_out[p] or 0) + 1
    total = total + 1
  end
end
for p, lane in pairs(lanes) do
  if #lane > 0 then
    redis.call('ZADD', KEYS[3 + p], 'NX', unpack(lane))
  end
end
for p, n in pairs(left_out) do
  redis.call('HINCRBY', KEYS[2], p, n)
end
return total
