"""What the Redis server does in one step, in its own language (redis.io, docs, EVAL)."""

# Compare and set in one step. KEYS: the hash, the lock. ARGV: the version that was loaded, the
# digest of the refresh token that this one replaced ('' after a login), the new version, the new
# digest, the document, the owner, the lock's milliseconds. The new version stands there already if
# only the answer to an earlier try was lost. A hash that is gone is written anew, unless another
# run has the lock: nothing is there that could be newer.
SAVE = """
local owner = redis.call('GET', KEYS[2])
if owner == ARGV[6] then redis.call('PEXPIRE', KEYS[2], ARGV[7]) end
local version = redis.call('HGET', KEYS[1], 'version') or ''
local token = redis.call('HGET', KEYS[1], 'token') or ''
local spent = ARGV[2] ~= '' and token == ARGV[2]
local gone = version == '' and (not owner or owner == ARGV[6])
if version == ARGV[3] then return 1 end
if version ~= ARGV[1] and not spent and not gone then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[3], 'token', ARGV[4], 'document', ARGV[5])
return 1
"""
# Take the lock or extend it; one that has expired and that nobody took is taken back.
# KEYS: the lock. ARGV: the owner, the milliseconds.
HOLD = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
