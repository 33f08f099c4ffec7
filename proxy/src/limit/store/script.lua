-- Charges buckets and says what each owes afterwards. KEYS: the buckets. ARGV: what is taken of each, as microseconds that it
-- takes to come back. A bucket is the time at which it is full again, by the clock of the store, which all replicas share. It
-- may owe more than it holds: what several have let pass before they heard of each other is paid for.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local owed = {}
for i, key in ipairs(KEYS) do
  local full_at = tonumber(redis.call('GET', key) or '0') or 0
  if full_at < now then full_at = now end
  full_at = full_at + tonumber(ARGV[i])
  redis.call('SET', key, string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000) + 1)
  owed[i] = string.format('%.0f', full_at - now)
end
return owed
