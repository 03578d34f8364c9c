"""
What a store does on a Redis server: a script for each step, for only a script is atomic there.

Keys of every script: the item, the index of items by number, the last number, how many are in each state, and the
caller's sign of life. Arguments of every script: what all keys begin with, the caller, its lease in milliseconds, and a
mark of this very step: a client whose connection broke sends a step again, and must not find itself in the way.
"""

from __future__ import annotations

from typing import Final

_COMMON: Final = """
local item, index, last, counts, life = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local prefix, me, lease, mark = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
redis.call('SET', life, '1', 'PX', lease)
local row = {}
if item ~= '' then
  local found = redis.call('HGETALL', item)
  for i = 1, #found, 2 do row[found[i]] = found[i + 1] end
end
local again = row.mark == mark

local function held()
  return row.owner == me or row.owner and redis.call('EXISTS', prefix .. ':owner:' .. row.owner) == 1
end

local function put(state, owner, changes)
  if row.state then redis.call('HINCRBY', counts, row.state, -1) end
  redis.call('HINCRBY', counts, state, 1)
  redis.call('HSET', item, 'state', state, 'mark', mark, unpack(changes))
  if owner then redis.call('HSET', item, 'owner', owner) else redis.call('HDEL', item, 'owner') end
end
"""

CLAIM: Final = (
    _COMMON
    + """
local key, input, fingerprint = ARGV[5], ARGV[6], ARGV[7]
local claim = 'mine'
if again then
  -- It was done, and its answer was lost.
elseif not row.state then
  local number = redis.call('INCR', last)
  put('reserved', me, {'key', key, 'number', number, 'input', input, 'fingerprint', fingerprint, 'attempts', 1})
  redis.call('ZADD', index, number, key)
elseif row.state == 'ended' then
  claim = 'ended'
elseif row.state == 'reserved' then
  claim = held() and 'busy' or 'unknown'
elseif held() then
  claim = 'busy'
else
  put(row.state, me, {})
end
return {claim, redis.call('HGETALL', item)}
"""
)

NOTE: Final = (
    _COMMON
    + """
local state, changes = ARGV[5], {unpack(ARGV, 6)}
if not again then
  if row.owner ~= me then return {'lost', row.status_id or ''} end
  local owner = me
  if state == 'ended' then owner = nil end
  put(state, owner, changes)
end
return {'done'}
"""
)

RESTART: Final = (
    _COMMON
    + """
local attempts, fingerprint = ARGV[5], ARGV[6]
local before = redis.call('HGETALL', item)
if not again then
  local free = row.owner == me or row.state == 'ended' or row.state == 'reserved' and not held()
  if row.attempts ~= attempts or not free then return {'lost', row.status_id or ''} end
  redis.call('HDEL', item, 'status_id', 'rid', 'error')
  put('reserved', me, {'fingerprint', fingerprint, 'attempts', attempts + 1})
end
return {'done', redis.call('HGETALL', item), before}
"""
)

PUT_BACK: Final = (
    _COMMON
    + """
local before = {}
for i = 5, #ARGV, 2 do before[ARGV[i]] = ARGV[i + 1] end
if row.owner == me and row.state then
  put(before.state, nil, {})
  redis.call('DEL', item)
  redis.call('HSET', item, unpack(ARGV, 5))
end
return {'done'}
"""
)

RELEASE: Final = (
    _COMMON
    + """
local unknown = ARGV[5] == 'unknown'
if row.owner ~= me then return {'done'} end
if row.state == 'reserved' and not unknown then
  redis.call('DEL', item)
  redis.call('ZREM', index, row.key)
  redis.call('HINCRBY', counts, row.state, -1)
else
  put(row.state, nil, {})
end
return {'done'}
"""
)

RENEW: Final = _COMMON + "return {'done'}"

PAGE: Final = (
    _COMMON
    + """
local page = {}
for _, key in ipairs(redis.call('ZRANGEBYSCORE', index, '(' .. ARGV[5], '+inf', 'LIMIT', 0, ARGV[6])) do
  page[#page + 1] = redis.call('HGETALL', prefix .. ':upload:' .. key)
end
return page
"""
)

COUNTS: Final = _COMMON + "return redis.call('HGETALL', counts)"
