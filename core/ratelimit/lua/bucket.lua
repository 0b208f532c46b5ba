-- bucket: take tokens from one bucket, or give some back.
-- KEYS[1] hr:{T}:limit  hash: tokens, a fraction too; at, the time of that, in ms
-- ARGV[1] now in ms; "" = Redis's time   ARGV[2] tokens a second   ARGV[3] burst
-- ARGV[4] how many to take   ARGV[5] how many to give back first
-- returns {granted, ms until the next whole token, 0 when one is there}
-- A bucket that is not there is full. bucket.go is the same in Go; change both.
local now = tonumber(ARGV[1])
if not now then
  local t = redis.call('TIME')
  now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
local rate, burst, want = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local h = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(h[1] or burst), tonumber(h[2] or now)
tokens = math.min(burst, tokens + math.max(now - at, 0) * rate / 1000 + tonumber(ARGV[5]))
local granted = math.min(want, math.floor(tokens))
tokens = tokens - granted
local again = 0
if tokens < 1 then
  again = math.ceil((1 - tokens) * 1000 / rate)
end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.17g', tokens), 'at', string.format('%.0f', math.max(now, at)))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil(burst * 1000 / rate) + 60000))
return {granted, again}
