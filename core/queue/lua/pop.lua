-- pop: take the next ids of one task type, so many from each priority.
-- KEYS[1] hr:{T}:epoch   KEYS[2] hr:{T}:overflow  hash priority -> count
-- KEYS[3..6] hr:{T}:ready:0..3  zset id -> order
-- ARGV[1] epoch of the caller   ARGV[2] how many in all
-- ARGV[3] the order of priorities to serve, one digit a turn, repeated as long as
--         needed; empty: strict, the highest that is there. g is a turn of priority
--         3 that the age guard takes when an id has waited for too long.
-- ARGV[4..6] for the lanes 0..2 the time in ms; who is ready since then or before
--         has waited for too long. An order of 0 is not known, and no age.
-- returns -1 when the type's data was lost, else
--   {ids left in lanes 0..3, overflow marks of lanes 0..3 or 0, id, priority, id, ...}
-- The ids are hints until the store confirms them. A turn whose lane is empty
-- goes to the next one, so no turn is wasted while anything waits.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return -1
end
local want = tonumber(ARGV[2])
local have = {}
local total = 0
for p = 0, 3 do
  have[p] = redis.call('ZCARD', KEYS[3 + p])
  total = total + have[p]
end
local take = {[0] = 0, 0, 0, 0}
local turns = {}
local n = math.min(want, total)
if ARGV[3] == '' then
  for p = 3, 0, -1 do
    while #turns < n and take[p] < have[p] do
      take[p] = take[p] + 1
      turns[#turns + 1] = p
    end
  end
end
-- How many ids of each lane are too old, and since when the first of them waits. A
-- lane that is alone needs no guard.
local aged, since = {}, {}
for p = 0, 2 do
  if have[p] > 0 and have[p] < total and ARGV[3] ~= '' then
    aged[p] = redis.call('ZCOUNT', KEYS[3 + p], '(0', ARGV[4 + p])
    if aged[p] > 0 then
      local head = redis.call('ZRANGEBYSCORE', KEYS[3 + p], '(0', '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
      since[p] = tonumber(head[2])
    end
  end
end
local function guarded()
  local oldest = 3
  for p = 0, 2 do
    if since[p] and take[p] < aged[p] and (oldest == 3 or since[p] < since[oldest]) then
      oldest = p
    end
  end
  return oldest
end
local turn = 1
while #turns < n do
  local p = tonumber(string.sub(ARGV[3], turn, turn)) or guarded()
  if take[p] < have[p] then
    take[p] = take[p] + 1
    turns[#turns + 1] = p
  end
  turn = turn % #ARGV[3] + 1
end
local popped = {}
for p = 0, 3 do
  if take[p] > 0 then
    popped[p] = redis.call('ZPOPMIN', KEYS[3 + p], take[p])
  end
end
local out = {}
for p = 0, 3 do
  out[#out + 1] = have[p] - take[p]
end
local marks = redis.call('HMGET', KEYS[2], '0', '1', '2', '3')
for p = 1, 4 do
  out[#out + 1] = tonumber(marks[p] or 0)
end
local at = {[0] = 1, 1, 1, 1}
for i = 1, #turns do
  local p = turns[i]
  out[#out + 1] = popped[p][at[p]]
  out[#out + 1] = p
  at[p] = at[p] + 2
end
return out
