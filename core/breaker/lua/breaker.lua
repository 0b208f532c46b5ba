-- breaker: one step of one circuit breaker. machine.go is the same in Go; change both.
-- KEYS[1] hr:{NAME}:breaker  hash:
--   state gen since cause by calls failed   the generation and how it began
--   width second ok bad                     the window and its sums
--   o0 f0 o1 f1 ...                         successes and failures of each second
--   good probes                             half-open: successes; ends of the probes out
-- ARGV[1] permit, observe, reset, trip or look   ARGV[2] now in ms; "" = Redis's time
-- ARGV[3] failure ratio   ARGV[4] minimum   ARGV[5] window in seconds
-- ARGV[6] open for, ms   ARGV[7] probes   ARGV[8] life of a probe, ms
-- ARGV[9..] permit: how many; observe: generation, ok, failed, other; reset: by whom;
--           trip: calls and failures, opens it when it is closed
-- returns {moved, granted, again, state, gen, since, cause, by, calls, failed}
local key, op, now = KEYS[1], ARGV[1], tonumber(ARGV[2])
if not now then
  local t = redis.call('TIME')
  now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
local ratio, minimum, width = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local open_for, most, life = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])

local h = redis.call('HMGET', key, 'state', 'gen', 'since', 'cause', 'by', 'calls', 'failed',
  'width', 'second', 'ok', 'bad', 'good', 'probes')
local state = h[1] or 'closed'
local gen, since = tonumber(h[2] or 0), tonumber(h[3] or 0)
local cause, by, calls, failed = h[4] or '', h[5] or '', tonumber(h[6] or 0), tonumber(h[7] or 0)
local had, second = tonumber(h[8] or width), tonumber(h[9] or 0)
local ok, bad, good = tonumber(h[10] or 0), tonumber(h[11] or 0), tonumber(h[12] or 0)
local probes = {}
for stop in string.gmatch(h[13] or '', '%d+') do
  probes[#probes + 1] = tonumber(stop)
end
local moved, granted, again, changed = 0, 0, 0, false

local function whole(n) return string.format('%.0f', n) end

local function forget()
  redis.call('DEL', key)
  ok, bad, second = 0, 0, math.floor(now / 1000)
end

local function move(to, why)
  state, cause, by, calls, failed = to, why, '', 0, 0
  since, gen = now, math.max(now, gen + 1)
  forget()
  good, probes, moved, changed = 0, {}, 1, true
end

local function trip(all, failures)
  move('open', 'opened')
  calls, failed = all, failures
end

local function advance()
  local newest = math.floor(now / 1000)
  if had ~= width or newest - second >= width then
    forget()
  end
  while second < newest do
    second = second + 1
    local i = second % width
    local slot = redis.call('HMGET', key, 'o' .. i, 'f' .. i)
    if slot[1] or slot[2] then
      ok, bad = ok - tonumber(slot[1] or 0), bad - tonumber(slot[2] or 0)
      redis.call('HDEL', key, 'o' .. i, 'f' .. i)
    end
  end
end

local function let(n)
  if state == 'closed' then
    granted = n
    return
  end
  if state == 'open' then
    if now - since < open_for then
      return
    end
    move('half-open', 'half_opened')
  end
  while #probes > 0 and probes[1] <= now do
    table.remove(probes, 1)
    changed = true
  end
  granted = math.max(math.min(n, most - good - #probes), 0)
  for _ = 1, granted do
    probes[#probes + 1] = now + life
    changed = true
  end
  if granted < n and #probes > 0 then
    again = probes[1] - now
  end
end

local function count(yes, no)
  advance()
  changed = true
  local i = second % width
  if yes > 0 then
    ok = ok + yes
    redis.call('HINCRBY', key, 'o' .. i, yes)
  end
  if no > 0 then
    bad = bad + no
    redis.call('HINCRBY', key, 'f' .. i, no)
    if ok + bad >= minimum and bad >= ratio * (ok + bad) then
      trip(ok + bad, bad)
    end
  end
end

local function probed(yes, no, other)
  for _ = 1, math.min(yes + no + other, #probes) do
    table.remove(probes, 1)
  end
  good, changed = good + yes, true
  if no > 0 then
    trip(good + no, no)
  elseif good >= most then
    move('closed', 'closed')
  end
end

if op == 'permit' then
  let(tonumber(ARGV[9]))
elseif op == 'observe' and tonumber(ARGV[9]) == gen then
  local yes, no, other = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
  if state == 'half-open' then
    probed(yes, no, other)
  elseif state == 'closed' and yes + no > 0 then
    count(yes, no)
  end
elseif op == 'reset' then
  move('closed', 'reset')
  by = ARGV[9]
elseif op == 'trip' and state == 'closed' then
  trip(tonumber(ARGV[9]), tonumber(ARGV[10]))
end
if state == 'open' then
  again = math.max(since + open_for - now, 0)
end
if changed then
  local ends = {}
  for i = 1, #probes do
    ends[i] = whole(probes[i])
  end
  redis.call('HSET', key, 'state', state, 'gen', whole(gen), 'since', whole(since), 'cause', cause, 'by', by,
    'calls', whole(calls), 'failed', whole(failed), 'width', whole(width), 'second', whole(second),
    'ok', whole(ok), 'bad', whole(bad), 'good', whole(good), 'probes', table.concat(ends, ' '))
  redis.call('PEXPIRE', key, whole(86400000 + open_for))
end
return {whole(moved), whole(granted), whole(again), state, whole(gen), whole(since), cause, by, whole(calls), whole(failed)}
